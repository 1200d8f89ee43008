/** Flags, the reasons to doubt a row, as small labels that say what they mean. */

import { h } from "./elements.js";

const MEANINGS = {
  looping_text: "The words repeat themselves.",
  no_speech: "No words, and nobody is heard speaking.",
  transcript_without_speech: "Words where the detector hears no speech.",
  speech_without_transcript: "Speech is heard, but the transcript is empty.",
  implausible_rate: "More letters than can be spoken in the time of speech, or far too few.",
  stock_phrase: "A sentence that the model writes over unlike sounds of a day.",
  language_beyond_model: "The model was not made for this language.",
  cut_off: "The model reached its limit of tokens before it had ended.",
  low_confidence: "The model was unsure of its words.",
  no_option_chosen: "The answer names none of the options, or several.",
  empty_answer: "The model said nothing.",
  thinking_not_separated: "Thinking and answer could not be told apart: the text holds both.",
  timeline_suspect: "Decoded and declared length differ: times may be off.",
  damaged: "A part of the recording could not be decoded.",
  track_missing: "The wanted track is not there: the default one was heard.",
  channel_missing: "The wanted channel is not there: all were heard.",
  channels_cancel: "The channels cancel each other: for a while the loudest was heard.",
  track_not_heard: "There is speech on a track that was not heard.",
  channel_not_heard: "Another channel has speech while the heard one has none.",
  silence_doubted: "Nothing was heard, which is unlikely here.",
  extractive: "No model wrote this: it is the recording's own words.",
  no_evidence: "Nothing in the recording speaks to it.",
  not_in_evidence: "Most of the model's telling words do not stand in what it was shown.",
  malformed_answer: "The model did not keep to the form that was asked for.",
  uncited_answer: "The model cited nothing that it was shown.",
};

/** What a flag says, in words. */
export function flagName(flag) {
  return flag.replaceAll("_", " ");
}

export function flagMeaning(flag) {
  return MEANINGS[flag] ?? "A reason to doubt this row.";
}

/** Labels of the flags; null where there are none. */
export function flagLabels(flags) {
  if (!flags?.length) return null;
  return h("ul", { class: "flags", "aria-label": "Reasons to doubt" },
    flags.map((flag) => h("li", { class: "flag", title: flagMeaning(flag) }, flagName(flag))));
}
