-- External tables for BigQuery over the tables of af3-archive.
-- Written by `python -m schemas.sql`, which fills the placeholders in as well:
-- python -m schemas.sql bigquery --location gs://lake/annotated
-- gs://BUCKET/PREFIX is what --out of af3 was; the dataset is af3.
-- New nights are seen at once: BigQuery lists the objects at each query. Give corpus and date.
-- infra/terraform/modules/bigquery makes the same tables with a connection and cached metadata.
-- Tested: parsed as BigQuery's dialect, and the views' rows by DuckDB. Never run in BigQuery.

CREATE SCHEMA IF NOT EXISTS af3;

CREATE OR REPLACE EXTERNAL TABLE af3.recordings (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `object_uri` STRING OPTIONS(description = 'object that holds it'),
  `duplicate_uris` ARRAY<STRING> OPTIONS(description = 'further objects with the same bytes'),
  `content_sha256` STRING OPTIONS(description = 'SHA-256 of the bytes'),
  `size_bytes` INT64 OPTIONS(description = 'size of the object'),
  `modified_at` TIMESTAMP OPTIONS(description = 'when the object was last changed'),
  `container` STRING OPTIONS(description = 'media container'),
  `codec` STRING OPTIONS(description = 'audio codec'),
  `sample_rate_hz` INT64 OPTIONS(description = 'sample rate of the source'),
  `channels` INT64 OPTIONS(description = 'channels of the source'),
  `declared_duration_ms` INT64 OPTIONS(description = 'length that the container declares'),
  `duration_ms` INT64 OPTIONS(description = 'time in: the decoded length, or the declared if none was decoded'),
  `decoded_duration_ms` INT64 OPTIONS(description = 'length that was decoded, with silence where times leave out'),
  `annotated_ms` INT64 OPTIONS(description = 'time that has answers'),
  `skipped` ARRAY<STRUCT<`reason` STRING, `duration_ms` INT64>> OPTIONS(description = 'time that was not annotated, by reason; with annotated_ms it makes duration_ms'),
  `clip_count` INT64 OPTIONS(description = 'clips'),
  `segment_count` INT64 OPTIONS(description = 'segments'),
  `status` STRING OPTIONS(description = 'annotated, partial (some answers failed), nothing_heard (all of it was skipped as silent or too short), waiting to be cut, or failed'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `segmentation_hash` STRING OPTIONS(description = 'hash of the resolved segmentation'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `estimated_duration_ms` INT64 OPTIONS(description = 'length by the bit rate, where none is declared'),
  `start_offset_ms` INT64 OPTIONS(description = 'how long after the picture or another track it starts'),
  `gaps` ARRAY<STRUCT<`start_ms` INT64, `duration_ms` INT64>> OPTIONS(description = 'silence that stands for what the container\'s times leave out; the first 1,000'),
  `gap_ms` INT64 OPTIONS(description = 'length of all gaps'),
  `lost_ms` INT64 OPTIONS(description = 'sound that could not be decoded, as far as it can be told'),
  `notes` ARRAY<STRING> OPTIONS(description = 'words of the decoder, and how times were resolved'),
  `tracks` ARRAY<STRUCT<`index` INT64, `codec` STRING, `language` STRING, `title` STRING, `is_default` BOOL, `channels` INT64, `declared_duration_ms` INT64, `level_dbfs` FLOAT64, `speech_ms` INT64>> OPTIONS(description = 'audio tracks; speech_ms was measured of those that were not heard'),
  `heard_tracks` ARRAY<INT64> OPTIONS(description = 'tracks that were heard; none: an earlier release cut it, and heard the first'),
  `heard_channels` STRING OPTIONS(description = 'mix of all, each by itself, or the number of the one that was heard'),
  `heard_channel_count` INT64 OPTIONS(description = 'how many channels were heard; annotated_ms counts a second once'),
  `date_rule` STRING OPTIONS(description = 'what dated it: path, pattern, mtime, bwf, xmp or created'),
  `sound_sha256` STRING OPTIONS(description = 'SHA-256 of the coded sound and its times: equal where only tags or container differ'),
  `taken_over_from` STRING OPTIONS(description = 'recording of the same sound whose clips and answers these are, where it was not cut itself'),
  `part_uris` ARRAY<STRING> OPTIONS(description = 'the objects of its tracks in order, where these are several (OP-Atom); else none')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/recordings/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/recordings',
  enable_list_inference = true,
  description = 'one row per recording of the night; times in and out add up'
);

CREATE OR REPLACE EXTERNAL TABLE af3.segments (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `speech_ms` INT64 OPTIONS(description = 'time with speech in it'),
  `starts_in_speech` BOOL OPTIONS(description = 'true: cut inside speech, as no pause was near; a word may stand on both sides'),
  `loudness_lufs` FLOAT64 OPTIONS(description = 'integrated loudness (BS.1770)'),
  `peak_dbfs` FLOAT64 OPTIONS(description = 'highest sample'),
  `spectral_centroid_hz` FLOAT64 OPTIONS(description = 'mean brightness'),
  `status` STRING OPTIONS(description = 'annotated, partial, failed or skipped'),
  `skip_reason` STRING OPTIONS(description = 'why it was skipped, else empty'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `clip_uri` STRING OPTIONS(description = 'FLAC object of the clip'),
  `clip_start_ms` INT64 OPTIONS(description = 'start of the clip, from the start of the recording'),
  `segmentation_hash` STRING OPTIONS(description = 'hash of the resolved segmentation'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `channel` INT64 OPTIONS(description = 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/segments/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/segments',
  enable_list_inference = true,
  description = 'one row per segment, with its measured properties'
);

CREATE OR REPLACE EXTERNAL TABLE af3.captions (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `task_id` STRING OPTIONS(description = 'task of the configuration that asked'),
  `prompt_id` STRING OPTIONS(description = 'identity of the exact prompt text'),
  `mean_logprob` FLOAT64 OPTIONS(description = 'mean log-probability of the tokens'),
  `token_count` INT64 OPTIONS(description = 'tokens of the answer'),
  `finish_reason` STRING OPTIONS(description = 'stop: the model ended; length: it was cut at the limit'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `model` STRING OPTIONS(description = 'model that answered'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `engine` STRING OPTIONS(description = 'engine that ran it; af3+authors where --prompt-form was authors'),
  `task_hash` STRING OPTIONS(description = 'hash of the resolved task: prompt, weights, decoding settings'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the model answered'),
  `examples` ARRAY<STRUCT<`recording_id` STRING, `segment_id` STRING, `distance` FLOAT64, `form` STRING>> OPTIONS(description = 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not'),
  `thinking` STRING OPTIONS(description = 'reasoning before it'),
  `text` STRING OPTIONS(description = 'caption'),
  `channel` INT64 OPTIONS(description = 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/captions/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/captions',
  enable_list_inference = true,
  description = 'what is heard, in words'
);

CREATE OR REPLACE EXTERNAL TABLE af3.transcripts (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `task_id` STRING OPTIONS(description = 'task of the configuration that asked'),
  `prompt_id` STRING OPTIONS(description = 'identity of the exact prompt text'),
  `mean_logprob` FLOAT64 OPTIONS(description = 'mean log-probability of the tokens'),
  `token_count` INT64 OPTIONS(description = 'tokens of the answer'),
  `finish_reason` STRING OPTIONS(description = 'stop: the model ended; length: it was cut at the limit'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `model` STRING OPTIONS(description = 'model that answered'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `engine` STRING OPTIONS(description = 'engine that ran it; af3+authors where --prompt-form was authors'),
  `task_hash` STRING OPTIONS(description = 'hash of the resolved task: prompt, weights, decoding settings'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the model answered'),
  `examples` ARRAY<STRUCT<`recording_id` STRING, `segment_id` STRING, `distance` FLOAT64, `form` STRING>> OPTIONS(description = 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not'),
  `word_count` INT64 OPTIONS(description = 'words of the transcript, in any script'),
  `text` STRING OPTIONS(description = 'transcript; empty without speech'),
  `channel` INT64 OPTIONS(description = 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard'),
  `language` STRING OPTIONS(description = 'language of the text by ISO 639, likelier than any other; none where it is too short'),
  `language_probability` FLOAT64 OPTIONS(description = 'how likely that language is, from 0 to 1')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/transcripts/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/transcripts',
  enable_list_inference = true,
  description = 'what is said'
);

CREATE OR REPLACE EXTERNAL TABLE af3.answers (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `task_id` STRING OPTIONS(description = 'task of the configuration that asked'),
  `prompt_id` STRING OPTIONS(description = 'identity of the exact prompt text'),
  `mean_logprob` FLOAT64 OPTIONS(description = 'mean log-probability of the tokens'),
  `token_count` INT64 OPTIONS(description = 'tokens of the answer'),
  `finish_reason` STRING OPTIONS(description = 'stop: the model ended; length: it was cut at the limit'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `model` STRING OPTIONS(description = 'model that answered'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `engine` STRING OPTIONS(description = 'engine that ran it; af3+authors where --prompt-form was authors'),
  `task_hash` STRING OPTIONS(description = 'hash of the resolved task: prompt, weights, decoding settings'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the model answered'),
  `examples` ARRAY<STRUCT<`recording_id` STRING, `segment_id` STRING, `distance` FLOAT64, `form` STRING>> OPTIONS(description = 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not'),
  `question` STRING OPTIONS(description = 'question as it was asked'),
  `options` ARRAY<STRING> OPTIONS(description = 'options of a multiple-choice question, else empty'),
  `choice` STRING OPTIONS(description = 'the option that was chosen; empty if open or none was'),
  `thinking` STRING OPTIONS(description = 'reasoning before the answer'),
  `text` STRING OPTIONS(description = 'answer'),
  `channel` INT64 OPTIONS(description = 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/answers/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/answers',
  enable_list_inference = true,
  description = 'answers to the configured questions'
);

CREATE OR REPLACE EXTERNAL TABLE af3.failures (
  `stage` STRING OPTIONS(description = 'discover, segment, annotate'),
  `object_uri` STRING OPTIONS(description = 'object of the archive'),
  `recording_id` STRING OPTIONS(description = 'recording, if its bytes were read'),
  `clip_id` STRING OPTIONS(description = 'clip, else empty'),
  `segment_id` STRING OPTIONS(description = 'segment, else empty'),
  `task_id` STRING OPTIONS(description = 'task, else empty'),
  `start_ms` INT64 OPTIONS(description = 'start of what failed'),
  `end_ms` INT64 OPTIONS(description = 'end of what failed'),
  `error_class` STRING OPTIONS(description = 'kind of error'),
  `message` STRING OPTIONS(description = 'what happened and what to do'),
  `attempts` INT64 OPTIONS(description = 'how often it was tried'),
  `permanent` BOOL OPTIONS(description = 'true: the input is at fault, a rerun does not try again'),
  `run_id` STRING OPTIONS(description = 'run that made the row')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/failures/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/failures',
  enable_list_inference = true,
  description = 'what went wrong, one row per piece of work'
);

CREATE OR REPLACE EXTERNAL TABLE af3.runs (
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `source` STRING OPTIONS(description = 'archive that was read'),
  `started_at` TIMESTAMP OPTIONS(description = 'start of the run'),
  `published_at` TIMESTAMP OPTIONS(description = 'when the partition was replaced'),
  `recordings` INT64 OPTIONS(description = 'recordings of the partition'),
  `failures` INT64 OPTIONS(description = 'failures of the partition'),
  `duration_ms` INT64 OPTIONS(description = 'time in, all recordings'),
  `annotated_ms` INT64 OPTIONS(description = 'time annotated'),
  `skipped_ms` INT64 OPTIONS(description = 'time skipped, all reasons'),
  `answers_made` INT64 OPTIONS(description = 'answers that this run asked the model for'),
  `model` STRING OPTIONS(description = 'model'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `configuration` STRING OPTIONS(description = 'resolved configuration, as JSON'),
  `software_version` STRING OPTIONS(description = 'version of af3-archive'),
  `objects` ARRAY<STRUCT<`key` STRING, `rows` INT64, `sha256` STRING>> OPTIONS(description = 'objects that the run published'),
  `withdrawn` ARRAY<STRING> OPTIONS(description = 'objects of recordings that left the partition, gone from the archive or moved'),
  `replaced` ARRAY<STRUCT<`what` STRING, `before` STRING, `after` STRING, `recordings` INT64, `rows` INT64>> OPTIONS(description = 'rows of a task, or segments, that the run replaced by those of another model, cutting or prompt'),
  `passed_over` ARRAY<STRUCT<`reason` STRING, `objects` INT64>> OPTIONS(description = 'objects of the day that are no recordings, counted by reason'),
  `recordings_taken_over` INT64 OPTIONS(description = 'recordings with the clips and answers of another one of the same sound'),
  `taken_over_ms` INT64 OPTIONS(description = 'time in, those recordings')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/runs/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/runs',
  enable_list_inference = true,
  description = 'one row per run that published the partition'
);

CREATE OR REPLACE EXTERNAL TABLE af3.events (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `event_id` STRING OPTIONS(description = 'identity of the stretch of audio and of how it was named'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `kind` STRING OPTIONS(description = 'speech, sound, music, or unknown where the answers about it differ'),
  `label` STRING OPTIONS(description = 'what it is, in the model\'s words, such as a dog barking; empty if unknown'),
  `caption` STRING OPTIONS(description = 'the model\'s sentence about this stretch alone'),
  `loudness_lufs` FLOAT64 OPTIONS(description = 'integrated loudness (BS.1770)'),
  `peak_dbfs` FLOAT64 OPTIONS(description = 'highest sample'),
  `spectral_centroid_hz` FLOAT64 OPTIONS(description = 'mean brightness'),
  `pitch_hz` FLOAT64 OPTIONS(description = 'median fundamental frequency; missing where nothing is voiced'),
  `tempo_bpm` FLOAT64 OPTIONS(description = 'beats per minute, of music'),
  `reverberation_s` FLOAT64 OPTIONS(description = 'decay by 60 dB, estimated from the fall after the event'),
  `level_change_db` FLOAT64 OPTIONS(description = 'mean level of its last third less that of its first'),
  `mean_logprob` FLOAT64 OPTIONS(description = 'mean log-probability of the tokens of its name'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `model` STRING OPTIONS(description = 'model that answered'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `engine` STRING OPTIONS(description = 'engine that ran it; af3+authors where --prompt-form was authors'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/events/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/events',
  enable_list_inference = true,
  description = 'what is heard from when to when: speech, sounds and music, measured'
);

CREATE OR REPLACE EXTERNAL TABLE af3.words (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `task_id` STRING OPTIONS(description = 'task whose transcript it is of'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `position` INT64 OPTIONS(description = 'number of the word in its transcript, from 0'),
  `word` STRING OPTIONS(description = 'the word as it is written, with the marks that touch it'),
  `normalised` STRING OPTIONS(description = 'the word in lower case, without outer marks'),
  `start_char` INT64 OPTIONS(description = 'where it starts in the transcript\'s text, in code points'),
  `end_char` INT64 OPTIONS(description = 'where it ends there'),
  `confidence` FLOAT64 OPTIONS(description = 'that it is spoken there, 0 to 1; missing where its time is estimated'),
  `method` STRING OPTIONS(description = 'pocketsphinx, ctc or attention; interpolation where its time is estimated'),
  `aligner` STRING OPTIONS(description = 'aligner that was asked'),
  `aligner_revision` STRING OPTIONS(description = 'of its weights (and heads) or package; empty of interpolation'),
  `channel` INT64 OPTIONS(description = 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard'),
  `speaker` STRING OPTIONS(description = 'missing: the view spoken_words has who says it, by the turns of now'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/words/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/words',
  enable_list_inference = true,
  description = 'when each word of a transcript is spoken'
);

CREATE OR REPLACE EXTERNAL TABLE af3.speaker_turns (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `channel` INT64 OPTIONS(description = 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard'),
  `voice` INT64 OPTIONS(description = 'number of the voice in its recording, from 1'),
  `speaker` STRING OPTIONS(description = 'identity of the voice in its corpus; missing where it was not compared with others'),
  `confidence` FLOAT64 OPTIONS(description = 'that it is this voice and no other of the recording, 0 to 1; missing where its channel says so'),
  `is_overlap` BOOL OPTIONS(description = 'another voice speaks in the same time'),
  `encoder` STRING OPTIONS(description = 'encoder of voices; empty where each channel is a speaker'),
  `encoder_revision` STRING OPTIONS(description = 'revision of its weights'),
  `turns_id` STRING OPTIONS(description = 'identity of the recording\'s turns: of its clips, the encoder, the rules'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/speaker_turns/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/speaker_turns',
  enable_list_inference = true,
  description = 'who speaks from when to when'
);

CREATE OR REPLACE EXTERNAL TABLE af3.speakers (
  `speaker` STRING OPTIONS(description = 'identity of the voice; it stays when recordings come or go'),
  `name` STRING OPTIONS(description = 'name that a person gave the voice'),
  `recording_count` INT64 OPTIONS(description = 'recordings that it is heard in'),
  `turn_count` INT64 OPTIONS(description = 'its turns in them'),
  `speech_ms` INT64 OPTIONS(description = 'length of these turns'),
  `last_date` DATE OPTIONS(description = 'archive day on which it is last heard'),
  `example_recording_id` STRING OPTIONS(description = 'recording with its longest turn'),
  `example_start_ms` INT64 OPTIONS(description = 'start of that turn: listen there before you name it'),
  `example_end_ms` INT64 OPTIONS(description = 'end of that turn'),
  `encoder` STRING OPTIONS(description = 'encoder of voices; empty where each channel is a speaker'),
  `encoder_revision` STRING OPTIONS(description = 'revision of its weights'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/speakers/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/speakers',
  enable_list_inference = true,
  description = 'one row per voice of a corpus, in the day on which it is first heard'
);

CREATE OR REPLACE EXTERNAL TABLE af3.embeddings (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `audio_embedding` ARRAY<FLOAT64> OPTIONS(description = 'AF-Whisper\'s states, averaged over time, of length 1; missing from a served model'),
  `audio_model` STRING OPTIONS(description = 'model and revision of the audio embedding, else empty'),
  `caption` STRING OPTIONS(description = 'caption that was embedded; empty where there is none'),
  `caption_embedding` ARRAY<FLOAT64> OPTIONS(description = 'the caption\'s embedding, of length 1; missing where there is no caption'),
  `text_model` STRING OPTIONS(description = 'model and revision of the caption\'s embedding'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/embeddings/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/embeddings',
  enable_list_inference = true,
  description = 'where each annotated segment lies among all: by its sound, and by its caption'
);

CREATE OR REPLACE EXTERNAL TABLE af3.text_embeddings (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `kind` STRING OPTIONS(description = 'segment, clip, chapter or recording'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `text_hash` STRING OPTIONS(description = 'hash of the text that was embedded'),
  `text_embedding` ARRAY<FLOAT64> OPTIONS(description = 'the text\'s embedding, of length 1'),
  `text_model` STRING OPTIONS(description = 'model and revision of the embedding'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/text_embeddings/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/text_embeddings',
  enable_list_inference = true,
  description = 'where texts that are searched lie among all: one row per segment, clip, chapter, recording'
);

CREATE OR REPLACE EXTERNAL TABLE af3.pairs (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `pair_id` STRING OPTIONS(description = 'identity of question, options and audio'),
  `skill` STRING OPTIONS(description = 'skill of the catalogue (af3 skills list)'),
  `question` STRING OPTIONS(description = 'question'),
  `options` ARRAY<STRING> OPTIONS(description = 'options in the order in which they are asked; empty if open'),
  `answer` STRING OPTIONS(description = 'right answer; one of the options where there are any'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `evidence` ARRAY<STRUCT<`kind` STRING, `text` STRING, `start_ms` INT64, `end_ms` INT64>> OPTIONS(description = 'what the pair was made from: events, captions, transcripts, descriptors'),
  `self_check` STRING OPTIONS(description = 'pass: the language model stands by its pair; empty if made by rules'),
  `audio_answer` STRING OPTIONS(description = 'what the audio model answers to the question'),
  `agrees` BOOL OPTIONS(description = 'the audio model gives the right answer'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `model` STRING OPTIONS(description = 'model that answered'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `engine` STRING OPTIONS(description = 'engine that ran it; af3+authors where --prompt-form was authors'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/pairs/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/pairs',
  enable_list_inference = true,
  description = 'questions with answers for training, by skill; every row obeys the rules of its skill'
);

CREATE OR REPLACE EXTERNAL TABLE af3.rejected_pairs (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `skill` STRING OPTIONS(description = 'skill of the catalogue (af3 skills list)'),
  `question` STRING OPTIONS(description = 'question'),
  `options` ARRAY<STRING> OPTIONS(description = 'options in the order in which they are asked; empty if open'),
  `answer` STRING OPTIONS(description = 'right answer; one of the options where there are any'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `reason` STRING OPTIONS(description = 'rule that it broke, such as answer_in_question'),
  `detail` STRING OPTIONS(description = 'what broke it'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/rejected_pairs/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/rejected_pairs',
  enable_list_inference = true,
  description = 'pairs that were proposed and not kept, with the reason'
);

CREATE OR REPLACE EXTERNAL TABLE af3.thoughts (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `pair_id` STRING OPTIONS(description = 'pair whose answer it leads to'),
  `skill` STRING OPTIONS(description = 'skill of the catalogue (af3 skills list)'),
  `question` STRING OPTIONS(description = 'question'),
  `options` ARRAY<STRING> OPTIONS(description = 'options in the order in which they are asked; empty if open'),
  `answer` STRING OPTIONS(description = 'right answer; one of the options where there are any'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `thinking` STRING OPTIONS(description = 'what a listener thinks before the answer'),
  `thinking_by` STRING OPTIONS(description = 'language model that wrote the thinking'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/thoughts/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/thoughts',
  enable_list_inference = true,
  description = 'thinking before the answers of pairs, for training; every row passed all checks'
);

CREATE OR REPLACE EXTERNAL TABLE af3.rejected_thoughts (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `clip_id` STRING OPTIONS(description = 'clip of the recording, one FLAC object'),
  `segment_id` STRING OPTIONS(description = 'segment of the clip; empty where the unit is the clip'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `pair_id` STRING OPTIONS(description = 'pair whose answer it leads to'),
  `skill` STRING OPTIONS(description = 'skill of the catalogue (af3 skills list)'),
  `question` STRING OPTIONS(description = 'question'),
  `options` ARRAY<STRING> OPTIONS(description = 'options in the order in which they are asked; empty if open'),
  `answer` STRING OPTIONS(description = 'right answer; one of the options where there are any'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `thinking` STRING OPTIONS(description = 'what a listener thinks before the answer'),
  `thinking_by` STRING OPTIONS(description = 'language model that wrote the thinking'),
  `reason` STRING OPTIONS(description = 'check that it did not pass, such as leads_elsewhere'),
  `detail` STRING OPTIONS(description = 'what was found'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/rejected_thoughts/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/rejected_thoughts',
  enable_list_inference = true,
  description = 'thinking that was written and not kept, with the reason'
);

CREATE OR REPLACE EXTERNAL TABLE af3.summaries (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `duration_ms` INT64 OPTIONS(description = 'length of the recording'),
  `summary` STRING OPTIONS(description = 'summary of the whole recording'),
  `chapter_count` INT64 OPTIONS(description = 'chapters'),
  `transcript` STRING OPTIONS(description = 'all transcripts in order, each word once'),
  `transcript_spans` ARRAY<STRUCT<`segment_id` STRING, `start_ms` INT64, `end_ms` INT64, `start_char` INT64, `end_char` INT64>> OPTIONS(description = 'which characters of the transcript were spoken when'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/summaries/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/summaries',
  enable_list_inference = true,
  description = 'one row per recording: what it is about, and all that is said in it'
);

CREATE OR REPLACE EXTERNAL TABLE af3.chapters (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `chapter` INT64 OPTIONS(description = 'number within the recording, from 1'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `title` STRING OPTIONS(description = 'what the chapter is about, in a few words'),
  `summary` STRING OPTIONS(description = 'summary of the chapter'),
  `segment_count` INT64 OPTIONS(description = 'annotated segments in it'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/chapters/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/chapters',
  enable_list_inference = true,
  description = 'parts of a recording, without gap or overlap'
);

CREATE OR REPLACE EXTERNAL TABLE af3.findings (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `question_id` STRING OPTIONS(description = 'identity of the question'),
  `question` STRING OPTIONS(description = 'question about the whole recording'),
  `answer` STRING OPTIONS(description = 'answer; empty where nothing in the recording speaks to it'),
  `citations` ARRAY<STRUCT<`segment_id` STRING, `start_ms` INT64, `end_ms` INT64, `quote` STRING, `score` FLOAT64>> OPTIONS(description = 'segments that the answer rests on, the best first'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/findings/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/findings',
  enable_list_inference = true,
  description = 'answers to questions about whole recordings, with the segments that they rest on'
);

CREATE OR REPLACE EXTERNAL TABLE af3.descriptions (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `description_id` STRING OPTIONS(description = 'identity of the text, the voice, its speaker and its speed'),
  `text` STRING OPTIONS(description = 'what is spoken: name, day and length, summary, chapters with their times'),
  `voice` STRING OPTIONS(description = 'voice and speaker'),
  `backend` STRING OPTIONS(description = 'espeak, vits or pocket_tts'),
  `voice_revision` STRING OPTIONS(description = 'hub commit, hash of the voice\'s files, or version of its package'),
  `speaker_revision` STRING OPTIONS(description = 'hash of the recording of the speaker; missing for a speaker of the voice\'s own'),
  `speed` FLOAT64 OPTIONS(description = '2 is twice as fast as the voice\'s own'),
  `sound_uri` STRING OPTIONS(description = 'Opus object (Ogg), below the folder of the tables'),
  `duration_ms` INT64 OPTIONS(description = 'length of the speech'),
  `first_audio_ms` FLOAT64 OPTIONS(description = 'from the text to the first chunk of speech, when it was made'),
  `real_time_factor` FLOAT64 OPTIONS(description = 'time to speak it over its length; below 1 is faster'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/descriptions/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/descriptions',
  enable_list_inference = true,
  description = 'spoken descriptions of recordings, for who listens rather than reads'
);

CREATE OR REPLACE EXTERNAL TABLE af3.dialogues (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `dialogue_id` STRING OPTIONS(description = 'identity of sounds and turns'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `sounds` ARRAY<STRUCT<`segment_id` STRING, `recording_id` STRING, `clip_uri` STRING, `clip_start_ms` INT64, `start_ms` INT64, `end_ms` INT64, `relation` STRING, `distance` FLOAT64>> OPTIONS(description = 'segments that the conversation is about; <sound-1> in a turn is the first'),
  `turns` ARRAY<STRUCT<`role` STRING, `text` STRING>> OPTIONS(description = 'human and gpt in turn'),
  `sound_count` INT64 OPTIONS(description = 'sounds'),
  `turn_count` INT64 OPTIONS(description = 'questions, each with its answer'),
  `made_by` STRING OPTIONS(description = 'rules (exact by construction), or the language model that wrote it'),
  `self_check` STRING OPTIONS(description = 'pass: the language model stands by it; empty if made by rules'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/dialogues/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/dialogues',
  enable_list_inference = true,
  description = 'conversations of several turns about several sounds, for training'
);

CREATE OR REPLACE EXTERNAL TABLE af3.chats (
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `chat_id` STRING OPTIONS(description = 'identity of script, sounds and model'),
  `name` STRING OPTIONS(description = 'name of the conversation in its file'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `sounds` ARRAY<STRUCT<`segment_id` STRING, `recording_id` STRING, `clip_uri` STRING, `clip_start_ms` INT64, `start_ms` INT64, `end_ms` INT64, `relation` STRING, `distance` FLOAT64>> OPTIONS(description = 'segments that the conversation is about; <sound-1> in a turn is the first'),
  `turns` ARRAY<STRUCT<`role` STRING, `text` STRING, `mean_logprob` FLOAT64, `finish_reason` STRING>> OPTIONS(description = 'user and assistant in turn'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `model` STRING OPTIONS(description = 'model that answered'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `engine` STRING OPTIONS(description = 'engine that ran it; af3+authors where --prompt-form was authors'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/chats/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/chats',
  enable_list_inference = true,
  description = 'scripted conversations that the audio model answered'
);

CREATE OR REPLACE EXTERNAL TABLE af3.evaluations (
  `item_id` STRING OPTIONS(description = 'item of the benchmark, as published'),
  `evaluation_id` STRING OPTIONS(description = 'identity of model, prompt form and settings; equal ones are compared'),
  `groups` ARRAY<STRING> OPTIONS(description = 'what results are also given by, such as task=sound'),
  `sounds` ARRAY<STRING> OPTIONS(description = 'objects of the sounds, below the benchmark\'s data'),
  `question` STRING OPTIONS(description = 'question as published'),
  `options` ARRAY<STRING> OPTIONS(description = 'options in their published order; empty if open'),
  `answers` ARRAY<STRING> OPTIONS(description = 'all right answers; empty where the publisher keeps them'),
  `prompt` STRING OPTIONS(description = 'what the model was asked'),
  `prompt_form` STRING OPTIONS(description = 'published, or thinking'),
  `prediction` STRING OPTIONS(description = 'what the model answered, thinking taken off'),
  `thinking` STRING OPTIONS(description = 'reasoning before the answer'),
  `metric` STRING OPTIONS(description = 'accuracy, wer, cider_d or judge'),
  `read_as` STRING OPTIONS(description = 'what the metric read out of the prediction'),
  `score` FLOAT64 OPTIONS(description = 'what it is worth; a figure is the sum of scores over that of weights'),
  `weight` FLOAT64 OPTIONS(description = '1, or the reference\'s words; missing where nothing can be scored'),
  `official_score` FLOAT64 OPTIONS(description = 'by the official script as it stands, where that differs'),
  `official_weight` FLOAT64 OPTIONS(description = '0 where the official script drops the row'),
  `similarity` FLOAT64 OPTIONS(description = 'of a caption to the nearest reference, by their embeddings'),
  `judge` STRING OPTIONS(description = 'model that judged, else empty'),
  `judge_reply` STRING OPTIONS(description = 'what the judge said, else empty'),
  `fault` STRING OPTIONS(description = 'what is wrong with the published item, else empty; it stays in the figure'),
  `error` STRING OPTIONS(description = 'why there is no prediction, else empty; it stays in the figure'),
  `flags` ARRAY<STRING> OPTIONS(description = 'reasons to doubt the row; flagged rows stay'),
  `mean_logprob` FLOAT64 OPTIONS(description = 'mean log-probability of the answer\'s tokens'),
  `token_count` INT64 OPTIONS(description = 'tokens of the answer'),
  `model` STRING OPTIONS(description = 'model that answered'),
  `weights_revision` STRING OPTIONS(description = 'revision of its weights'),
  `engine` STRING OPTIONS(description = 'engine that ran it; af3+authors where --prompt-form was authors'),
  `dtype` STRING OPTIONS(description = 'numbers that it computed in'),
  `settings` STRING OPTIONS(description = 'all that decides the answers, as JSON'),
  `run_id` STRING OPTIONS(description = 'run that made the row'),
  `generated_at` TIMESTAMP OPTIONS(description = 'when the row was made'),
  `official_read_as` STRING OPTIONS(description = 'what the official script reads out of the prediction, empty for nothing; missing where it says right or wrong alone')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/evaluations/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/evaluations',
  enable_list_inference = true,
  description = 'one row per item of a benchmark and evaluation; corpus is the benchmark, date the day when it was first asked'
);

CREATE OR REPLACE EXTERNAL TABLE af3.corrections (
  `correction_id` STRING OPTIONS(description = 'correction'),
  `batch_id` STRING OPTIONS(description = 'batch: what one person said at once'),
  `recording_id` STRING OPTIONS(description = 'recording: start of the SHA-256 of its bytes'),
  `content_sha256` STRING OPTIONS(description = 'SHA-256 of the recording\'s bytes'),
  `source` STRING OPTIONS(description = 'table of the row, such as captions, transcripts or events'),
  `task_id` STRING OPTIONS(description = 'task of the answer; else empty'),
  `start_ms` INT64 OPTIONS(description = 'start, from the start of the recording'),
  `end_ms` INT64 OPTIONS(description = 'end, from the start of the recording'),
  `channel` INT64 OPTIONS(description = 'channel of the answer, from 0; else none'),
  `kind` STRING OPTIONS(description = 'text, empty, choice, name, times, wrong, right, flag_set or flag_lifted'),
  `aspect` STRING OPTIONS(description = 'value, times, or flag: and its name; of two of one aspect one is shown'),
  `old_value` STRING OPTIONS(description = 'what the model had given when it was corrected'),
  `new_value` STRING OPTIONS(description = 'text, option, name, times in ms or flag; else empty'),
  `new_word_count` INT64 OPTIONS(description = 'words of a text, in any script'),
  `reason` STRING OPTIONS(description = 'why, in the person\'s words'),
  `corrected_by` STRING OPTIONS(description = 'who'),
  `corrected_at` TIMESTAMP OPTIONS(description = 'when'),
  `undone_by` STRING OPTIONS(description = 'who undid it; none where it counts'),
  `undone_at` TIMESTAMP OPTIONS(description = 'when it was undone'),
  `new_start_ms` INT64 OPTIONS(description = 'start that a person gave'),
  `new_end_ms` INT64 OPTIONS(description = 'end that a person gave'),
  `sound_sha256` STRING OPTIONS(description = 'of the recording\'s sound: the correction is of all recordings that have it'),
  `settled_by` STRING OPTIONS(description = 'who said last that it holds'),
  `settled_at` TIMESTAMP OPTIONS(description = 'when that was said'),
  `settled_value` STRING OPTIONS(description = 'what its row said then: the correction is of that too')
)
WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/PREFIX/tables/corrections/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/PREFIX/tables/corrections',
  enable_list_inference = true,
  description = 'one row per correction by a person; the views corrected_… show what counts'
);

CREATE OR REPLACE VIEW af3.heard_corrections
OPTIONS (description = 'one row per correction that is not undone, recording that it is of, and reason: identifier or sound') AS
SELECT r.corpus, r.date, r.recording_id,
  c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at, c.source, c.task_id, c.channel, c.start_ms, c.end_ms, c.settled_value
FROM (
  SELECT h.corpus, h.date, h.recording_id, heard
  FROM af3.recordings AS h CROSS JOIN UNNEST([h.recording_id, h.sound_sha256]) AS heard
) AS r
JOIN (
  SELECT k.corpus, k.correction_id, k.batch_id, k.kind, k.aspect, k.old_value, k.new_value, k.new_word_count, k.new_start_ms, k.new_end_ms, k.reason, k.corrected_by, k.corrected_at, k.settled_at, k.source, k.task_id, k.channel, k.start_ms, k.end_ms, k.settled_value,
    heard
  FROM af3.corrections AS k CROSS JOIN UNNEST([k.recording_id, k.sound_sha256]) AS heard
  WHERE k.undone_at IS NULL
) AS c
  ON c.corpus = r.corpus AND c.heard = r.heard
WHERE r.heard <> '';

CREATE OR REPLACE VIEW af3.placed_captions
OPTIONS (description = 'one row per correction and row of captions that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ('text', 'empty', 'choice', 'name') THEN 1 ELSE 0 END
      ) OVER (PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ('text', 'empty', 'choice', 'name', 'times') OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY corpus, date, recording_id, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              start_ms, end_ms, clip_id, task_id, task_hash
          ) AS nearest
        FROM (
          SELECT x.corpus, x.date, x.recording_id, x.start_ms, x.end_ms, x.clip_id, x.task_id, x.task_hash, x.segment_id, x.channel AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at,
            COALESCE(c.settled_at, c.corrected_at) AS said_at, x.text AS value_now,
            CASE WHEN x.text IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM af3.captions AS x
          JOIN af3.heard_corrections AS c
            ON c.corpus = x.corpus AND c.date = x.date AND c.recording_id = x.recording_id AND c.task_id = x.task_id AND COALESCE(c.channel, -1) = COALESCE(x.channel, -1)
          WHERE c.source = 'captions'
    AND 10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q;

CREATE OR REPLACE VIEW af3.placed_transcripts
OPTIONS (description = 'one row per correction and row of transcripts that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ('text', 'empty', 'choice', 'name') THEN 1 ELSE 0 END
      ) OVER (PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ('text', 'empty', 'choice', 'name', 'times') OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY corpus, date, recording_id, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              start_ms, end_ms, clip_id, task_id, task_hash
          ) AS nearest
        FROM (
          SELECT x.corpus, x.date, x.recording_id, x.start_ms, x.end_ms, x.clip_id, x.task_id, x.task_hash, x.segment_id, x.channel AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at,
            COALESCE(c.settled_at, c.corrected_at) AS said_at, x.text AS value_now,
            CASE WHEN x.text IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM af3.transcripts AS x
          JOIN af3.heard_corrections AS c
            ON c.corpus = x.corpus AND c.date = x.date AND c.recording_id = x.recording_id AND c.task_id = x.task_id AND COALESCE(c.channel, -1) = COALESCE(x.channel, -1)
          WHERE c.source = 'transcripts'
    AND 10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q;

CREATE OR REPLACE VIEW af3.placed_answers
OPTIONS (description = 'one row per correction and row of answers that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ('text', 'empty', 'choice', 'name') THEN 1 ELSE 0 END
      ) OVER (PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect, counts, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ('text', 'empty', 'choice', 'name', 'times') OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY corpus, date, recording_id, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              start_ms, end_ms, clip_id, task_id, task_hash
          ) AS nearest
        FROM (
          SELECT x.corpus, x.date, x.recording_id, x.start_ms, x.end_ms, x.clip_id, x.task_id, x.task_hash, x.segment_id, x.channel AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at,
            COALESCE(c.settled_at, c.corrected_at) AS said_at, CASE WHEN c.kind = 'choice' THEN x.choice ELSE x.text END AS value_now,
            CASE WHEN CASE WHEN c.kind = 'choice' THEN x.choice ELSE x.text END IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM af3.answers AS x
          JOIN af3.heard_corrections AS c
            ON c.corpus = x.corpus AND c.date = x.date AND c.recording_id = x.recording_id AND c.task_id = x.task_id AND COALESCE(c.channel, -1) = COALESCE(x.channel, -1)
          WHERE c.source = 'answers'
    AND 10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q;

CREATE OR REPLACE VIEW af3.placed_events
OPTIONS (description = 'one row per correction and row of events that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, event_id, aspect, counts ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ('text', 'empty', 'choice', 'name') THEN 1 ELSE 0 END
      ) OVER (PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, event_id, aspect, counts) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, event_id, aspect, counts, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ('text', 'empty', 'choice', 'name', 'times') OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY corpus, date, recording_id, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              start_ms, end_ms, clip_id, event_id
          ) AS nearest
        FROM (
          SELECT x.corpus, x.date, x.recording_id, x.start_ms, x.end_ms, x.clip_id, x.event_id, x.segment_id, c.channel AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at,
            COALESCE(c.settled_at, c.corrected_at) AS said_at, x.label AS value_now,
            CASE WHEN x.label IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM af3.events AS x
          JOIN af3.heard_corrections AS c
            ON c.corpus = x.corpus AND c.date = x.date AND c.recording_id = x.recording_id
          WHERE c.source = 'events'
    AND (10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
    OR c.new_start_ms IS NOT NULL AND 10 * (LEAST(c.new_end_ms, x.end_ms) - GREATEST(c.new_start_ms, x.start_ms))
      >= 9 * (GREATEST(c.new_end_ms, x.end_ms) - LEAST(c.new_start_ms, x.start_ms)))
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q;

CREATE OR REPLACE VIEW af3.placed_words
OPTIONS (description = 'one row per correction and row of words that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, position, aspect, counts ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ('text', 'empty', 'choice', 'name') THEN 1 ELSE 0 END
      ) OVER (PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, position, aspect, counts) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, position, aspect, counts, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ('text', 'empty', 'choice', 'name', 'times') OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY corpus, date, recording_id, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              start_ms, end_ms, clip_id, task_id, position
          ) AS nearest
        FROM (
          SELECT x.corpus, x.date, x.recording_id, x.start_ms, x.end_ms, x.clip_id, x.task_id, x.position, x.segment_id, x.channel AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at,
            COALESCE(c.settled_at, c.corrected_at) AS said_at, x.word AS value_now,
            CASE WHEN x.word IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM af3.words AS x
          JOIN af3.heard_corrections AS c
            ON c.corpus = x.corpus AND c.date = x.date AND c.recording_id = x.recording_id AND c.task_id = x.task_id AND COALESCE(c.channel, -1) = COALESCE(x.channel, -1) AND c.old_value = x.word
          WHERE c.source = 'words'
    AND (10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 5 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
    OR c.new_start_ms IS NOT NULL AND 10 * (LEAST(c.new_end_ms, x.end_ms) - GREATEST(c.new_start_ms, x.start_ms))
      >= 5 * (GREATEST(c.new_end_ms, x.end_ms) - LEAST(c.new_start_ms, x.start_ms)))
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q;

CREATE OR REPLACE VIEW af3.placed_speaker_turns
OPTIONS (description = 'one row per correction and row of speaker_turns that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY corpus, date, recording_id, start_ms, end_ms, voice, aspect, counts ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ('text', 'empty', 'choice', 'name') THEN 1 ELSE 0 END
      ) OVER (PARTITION BY corpus, date, recording_id, start_ms, end_ms, voice, aspect, counts) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, voice, aspect, counts, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ('text', 'empty', 'choice', 'name', 'times') OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY corpus, date, recording_id, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              start_ms, end_ms, voice
          ) AS nearest
        FROM (
          SELECT x.corpus, x.date, x.recording_id, x.start_ms, x.end_ms, x.voice, x.channel AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at,
            COALESCE(c.settled_at, c.corrected_at) AS said_at, COALESCE(x.speaker, CONCAT('voice ', CAST(x.voice AS STRING))) AS value_now,
            CASE WHEN COALESCE(x.speaker, CONCAT('voice ', CAST(x.voice AS STRING))) IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM af3.speaker_turns AS x
          JOIN af3.heard_corrections AS c
            ON c.corpus = x.corpus AND c.date = x.date AND c.recording_id = x.recording_id AND COALESCE(c.channel, -1) = COALESCE(x.channel, -1)
          WHERE c.source = 'speaker_turns'
    AND 10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q;

CREATE OR REPLACE VIEW af3.placed_chapters
OPTIONS (description = 'one row per correction and row of chapters that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY corpus, date, recording_id, chapter, aspect, counts ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ('text', 'empty', 'choice', 'name') THEN 1 ELSE 0 END
      ) OVER (PARTITION BY corpus, date, recording_id, chapter, aspect, counts) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, chapter, aspect, counts, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ('text', 'empty', 'choice', 'name', 'times') OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY corpus, date, recording_id, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              chapter
          ) AS nearest
        FROM (
          SELECT x.corpus, x.date, x.recording_id, x.chapter, c.channel AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at,
            COALESCE(c.settled_at, c.corrected_at) AS said_at, x.title AS value_now,
            CASE WHEN x.title IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM af3.chapters AS x
          JOIN af3.heard_corrections AS c
            ON c.corpus = x.corpus AND c.date = x.date AND c.recording_id = x.recording_id
          WHERE c.source = 'chapters'
    AND (10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
    OR c.new_start_ms IS NOT NULL AND 10 * (LEAST(c.new_end_ms, x.end_ms) - GREATEST(c.new_start_ms, x.start_ms))
      >= 9 * (GREATEST(c.new_end_ms, x.end_ms) - LEAST(c.new_start_ms, x.start_ms)))
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q;

CREATE OR REPLACE VIEW af3.placed_corrections
OPTIONS (description = 'one row per correction that is not undone and row that it is of, of all tables; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is') AS
SELECT 'captions' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_captions
UNION ALL
SELECT 'transcripts' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_transcripts
UNION ALL
SELECT 'answers' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_answers
UNION ALL
SELECT 'events' AS source, corpus, date, recording_id, clip_id, segment_id, '' AS task_id, '' AS task_hash, CAST(event_id AS STRING) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_events
UNION ALL
SELECT 'words' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, '' AS task_hash, CAST(position AS STRING) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_words
UNION ALL
SELECT 'speaker_turns' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(voice AS STRING) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_speaker_turns
UNION ALL
SELECT 'chapters' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(chapter AS STRING) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_chapters;

CREATE OR REPLACE VIEW af3.corrected_captions
OPTIONS (description = 'captions with what people corrected in the place of it; original_… is what was made') AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.clip_id,
  t.segment_id,
  t.start_ms,
  t.end_ms,
  t.task_id,
  t.prompt_id,
  t.mean_logprob,
  t.token_count,
  t.finish_reason,
  CASE WHEN s.has_flags = 1 THEN ARRAY(SELECT DISTINCT f FROM UNNEST(ARRAY_CONCAT(t.flags, COALESCE(s.flags_set, CAST([] AS ARRAY<STRING>)))) AS f WHERE f NOT IN UNNEST(COALESCE(s.flags_lifted, CAST([] AS ARRAY<STRING>))) ORDER BY f) ELSE t.flags END AS flags,
  t.model,
  t.weights_revision,
  t.engine,
  t.task_hash,
  t.run_id,
  t.generated_at,
  t.examples,
  t.thinking,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.value ELSE t.text END AS text,
  t.channel,
  t.text AS original_text,
  t.flags AS original_flags,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM af3.captions AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(CASE WHEN kind = 'flag_set' THEN new_value END IGNORE NULLS) AS flags_set,
    ARRAY_AGG(CASE WHEN kind = 'flag_lifted' THEN new_value END IGNORE NULLS) AS flags_lifted,
    MAX(CASE WHEN newest = 1 THEN kind END) AS kind,
    MAX(CASE WHEN newest = 1 THEN correction_id END) AS correction_id,
    MAX(CASE WHEN newest = 1 THEN corrected_by END) AS corrected_by,
    MAX(CASE WHEN newest = 1 THEN corrected_at END) AS corrected_at,
    MAX(CASE WHEN newest = 1 THEN reason END) AS reason,
    MAX(CASE WHEN newest = 1 THEN old_value END) AS old_value,
    MAX(CASE WHEN newest = 1 THEN fits END) AS fits
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM af3.placed_captions AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW af3.corrected_transcripts
OPTIONS (description = 'transcripts with what people corrected in the place of it; original_… is what was made') AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.clip_id,
  t.segment_id,
  t.start_ms,
  t.end_ms,
  t.task_id,
  t.prompt_id,
  t.mean_logprob,
  t.token_count,
  t.finish_reason,
  CASE WHEN s.has_flags = 1 THEN ARRAY(SELECT DISTINCT f FROM UNNEST(ARRAY_CONCAT(t.flags, COALESCE(s.flags_set, CAST([] AS ARRAY<STRING>)))) AS f WHERE f NOT IN UNNEST(COALESCE(s.flags_lifted, CAST([] AS ARRAY<STRING>))) ORDER BY f) ELSE t.flags END AS flags,
  t.model,
  t.weights_revision,
  t.engine,
  t.task_hash,
  t.run_id,
  t.generated_at,
  t.examples,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.word_count ELSE t.word_count END AS word_count,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.value ELSE t.text END AS text,
  t.channel,
  t.language,
  t.language_probability,
  t.text AS original_text,
  t.flags AS original_flags,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM af3.transcripts AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(CASE WHEN kind = 'flag_set' THEN new_value END IGNORE NULLS) AS flags_set,
    ARRAY_AGG(CASE WHEN kind = 'flag_lifted' THEN new_value END IGNORE NULLS) AS flags_lifted,
    MAX(CASE WHEN newest = 1 THEN kind END) AS kind,
    MAX(CASE WHEN newest = 1 THEN correction_id END) AS correction_id,
    MAX(CASE WHEN newest = 1 THEN corrected_by END) AS corrected_by,
    MAX(CASE WHEN newest = 1 THEN corrected_at END) AS corrected_at,
    MAX(CASE WHEN newest = 1 THEN reason END) AS reason,
    MAX(CASE WHEN newest = 1 THEN old_value END) AS old_value,
    MAX(CASE WHEN newest = 1 THEN fits END) AS fits
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM af3.placed_transcripts AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW af3.corrected_answers
OPTIONS (description = 'answers with what people corrected in the place of it; original_… is what was made') AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.clip_id,
  t.segment_id,
  t.start_ms,
  t.end_ms,
  t.task_id,
  t.prompt_id,
  t.mean_logprob,
  t.token_count,
  t.finish_reason,
  CASE WHEN s.has_flags = 1 THEN ARRAY(SELECT DISTINCT f FROM UNNEST(ARRAY_CONCAT(t.flags, COALESCE(s.flags_set, CAST([] AS ARRAY<STRING>)))) AS f WHERE f NOT IN UNNEST(COALESCE(s.flags_lifted, CAST([] AS ARRAY<STRING>))) ORDER BY f) ELSE t.flags END AS flags,
  t.model,
  t.weights_revision,
  t.engine,
  t.task_hash,
  t.run_id,
  t.generated_at,
  t.examples,
  t.question,
  t.options,
  CASE WHEN s.value_kind = 'choice' THEN s.value ELSE t.choice END AS choice,
  t.thinking,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.value ELSE t.text END AS text,
  t.channel,
  t.text AS original_text,
  t.flags AS original_flags,
  t.choice AS original_choice,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM af3.answers AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(CASE WHEN kind = 'flag_set' THEN new_value END IGNORE NULLS) AS flags_set,
    ARRAY_AGG(CASE WHEN kind = 'flag_lifted' THEN new_value END IGNORE NULLS) AS flags_lifted,
    MAX(CASE WHEN newest = 1 THEN kind END) AS kind,
    MAX(CASE WHEN newest = 1 THEN correction_id END) AS correction_id,
    MAX(CASE WHEN newest = 1 THEN corrected_by END) AS corrected_by,
    MAX(CASE WHEN newest = 1 THEN corrected_at END) AS corrected_at,
    MAX(CASE WHEN newest = 1 THEN reason END) AS reason,
    MAX(CASE WHEN newest = 1 THEN old_value END) AS old_value,
    MAX(CASE WHEN newest = 1 THEN fits END) AS fits
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, task_hash, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM af3.placed_answers AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW af3.corrected_events
OPTIONS (description = 'events with what people corrected in the place of it; original_… is what was made') AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.clip_id,
  t.segment_id,
  t.event_id,
  COALESCE(s.new_start_ms, t.start_ms) AS start_ms,
  COALESCE(s.new_end_ms, t.end_ms) AS end_ms,
  t.kind,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.value ELSE t.label END AS label,
  t.caption,
  t.loudness_lufs,
  t.peak_dbfs,
  t.spectral_centroid_hz,
  t.pitch_hz,
  t.tempo_bpm,
  t.reverberation_s,
  t.level_change_db,
  t.mean_logprob,
  CASE WHEN s.has_flags = 1 THEN ARRAY(SELECT DISTINCT f FROM UNNEST(ARRAY_CONCAT(t.flags, COALESCE(s.flags_set, CAST([] AS ARRAY<STRING>)))) AS f WHERE f NOT IN UNNEST(COALESCE(s.flags_lifted, CAST([] AS ARRAY<STRING>))) ORDER BY f) ELSE t.flags END AS flags,
  t.model,
  t.weights_revision,
  t.engine,
  t.run_id,
  t.generated_at,
  t.label AS original_label,
  t.flags AS original_flags,
  t.start_ms AS original_start_ms,
  t.end_ms AS original_end_ms,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM af3.events AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.event_id,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(CASE WHEN kind = 'flag_set' THEN new_value END IGNORE NULLS) AS flags_set,
    ARRAY_AGG(CASE WHEN kind = 'flag_lifted' THEN new_value END IGNORE NULLS) AS flags_lifted,
    MAX(CASE WHEN newest = 1 THEN kind END) AS kind,
    MAX(CASE WHEN newest = 1 THEN correction_id END) AS correction_id,
    MAX(CASE WHEN newest = 1 THEN corrected_by END) AS corrected_by,
    MAX(CASE WHEN newest = 1 THEN corrected_at END) AS corrected_at,
    MAX(CASE WHEN newest = 1 THEN reason END) AS reason,
    MAX(CASE WHEN newest = 1 THEN old_value END) AS old_value,
    MAX(CASE WHEN newest = 1 THEN fits END) AS fits
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, event_id, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM af3.placed_events AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.event_id
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.event_id = t.event_id;

CREATE OR REPLACE VIEW af3.corrected_words
OPTIONS (description = 'words with what people corrected in the place of it; original_… is what was made') AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.clip_id,
  t.segment_id,
  t.task_id,
  COALESCE(s.new_start_ms, t.start_ms) AS start_ms,
  COALESCE(s.new_end_ms, t.end_ms) AS end_ms,
  t.position,
  t.word,
  t.normalised,
  t.start_char,
  t.end_char,
  t.confidence,
  t.method,
  t.aligner,
  t.aligner_revision,
  t.channel,
  t.speaker,
  t.flags,
  t.run_id,
  t.generated_at,
  t.start_ms AS original_start_ms,
  t.end_ms AS original_end_ms,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM af3.words AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.position,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(CASE WHEN kind = 'flag_set' THEN new_value END IGNORE NULLS) AS flags_set,
    ARRAY_AGG(CASE WHEN kind = 'flag_lifted' THEN new_value END IGNORE NULLS) AS flags_lifted,
    MAX(CASE WHEN newest = 1 THEN kind END) AS kind,
    MAX(CASE WHEN newest = 1 THEN correction_id END) AS correction_id,
    MAX(CASE WHEN newest = 1 THEN corrected_by END) AS corrected_by,
    MAX(CASE WHEN newest = 1 THEN corrected_at END) AS corrected_at,
    MAX(CASE WHEN newest = 1 THEN reason END) AS reason,
    MAX(CASE WHEN newest = 1 THEN old_value END) AS old_value,
    MAX(CASE WHEN newest = 1 THEN fits END) AS fits
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, clip_id, task_id, position, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM af3.placed_words AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.position
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.position = t.position;

CREATE OR REPLACE VIEW af3.corrected_speaker_turns
OPTIONS (description = 'speaker_turns with what people corrected in the place of it; original_… is what was made') AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.start_ms,
  t.end_ms,
  t.channel,
  t.voice,
  t.speaker,
  t.confidence,
  t.is_overlap,
  t.encoder,
  t.encoder_revision,
  t.turns_id,
  t.run_id,
  t.generated_at,
  CASE WHEN s.value_kind = 'name' THEN s.value ELSE v.name END AS name,
  v.name AS original_name,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM af3.speaker_turns AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.voice,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(CASE WHEN kind = 'flag_set' THEN new_value END IGNORE NULLS) AS flags_set,
    ARRAY_AGG(CASE WHEN kind = 'flag_lifted' THEN new_value END IGNORE NULLS) AS flags_lifted,
    MAX(CASE WHEN newest = 1 THEN kind END) AS kind,
    MAX(CASE WHEN newest = 1 THEN correction_id END) AS correction_id,
    MAX(CASE WHEN newest = 1 THEN corrected_by END) AS corrected_by,
    MAX(CASE WHEN newest = 1 THEN corrected_at END) AS corrected_at,
    MAX(CASE WHEN newest = 1 THEN reason END) AS reason,
    MAX(CASE WHEN newest = 1 THEN old_value END) AS old_value,
    MAX(CASE WHEN newest = 1 THEN fits END) AS fits
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, start_ms, end_ms, voice, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM af3.placed_speaker_turns AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.voice
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.voice = t.voice
LEFT JOIN af3.speakers AS v
  ON v.corpus = t.corpus AND v.speaker = t.speaker;

CREATE OR REPLACE VIEW af3.corrected_chapters
OPTIONS (description = 'chapters with what people corrected in the place of it; original_… is what was made') AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.chapter,
  COALESCE(s.new_start_ms, t.start_ms) AS start_ms,
  COALESCE(s.new_end_ms, t.end_ms) AS end_ms,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.value ELSE t.title END AS title,
  t.summary,
  t.segment_count,
  t.made_by,
  CASE WHEN s.has_flags = 1 THEN ARRAY(SELECT DISTINCT f FROM UNNEST(ARRAY_CONCAT(t.flags, COALESCE(s.flags_set, CAST([] AS ARRAY<STRING>)))) AS f WHERE f NOT IN UNNEST(COALESCE(s.flags_lifted, CAST([] AS ARRAY<STRING>))) ORDER BY f) ELSE t.flags END AS flags,
  t.run_id,
  t.generated_at,
  t.title AS original_title,
  t.flags AS original_flags,
  t.start_ms AS original_start_ms,
  t.end_ms AS original_end_ms,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM af3.chapters AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.chapter,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(CASE WHEN kind = 'flag_set' THEN new_value END IGNORE NULLS) AS flags_set,
    ARRAY_AGG(CASE WHEN kind = 'flag_lifted' THEN new_value END IGNORE NULLS) AS flags_lifted,
    MAX(CASE WHEN newest = 1 THEN kind END) AS kind,
    MAX(CASE WHEN newest = 1 THEN correction_id END) AS correction_id,
    MAX(CASE WHEN newest = 1 THEN corrected_by END) AS corrected_by,
    MAX(CASE WHEN newest = 1 THEN corrected_at END) AS corrected_at,
    MAX(CASE WHEN newest = 1 THEN reason END) AS reason,
    MAX(CASE WHEN newest = 1 THEN old_value END) AS old_value,
    MAX(CASE WHEN newest = 1 THEN fits END) AS fits
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY corpus, date, recording_id, chapter, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM af3.placed_chapters AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.chapter
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.chapter = t.chapter;

CREATE OR REPLACE VIEW af3.annotated_segments
OPTIONS (description = 'one row per segment: where it is, what is heard, said and answered, as people corrected it; several texts of a kind stand one a line') AS
SELECT s.corpus, s.date, s.recording_id, r.object_uri, s.segment_id,
  s.start_ms / 1e3 AS start_s, s.end_ms / 1e3 AS end_s, s.speech_ms / 1e3 AS speech_s,
  s.loudness_lufs, s.status, c.caption, t.transcript, a.answers, s.clip_uri
FROM af3.segments AS s
JOIN af3.recordings AS r
  ON r.corpus = s.corpus AND r.date = s.date AND r.recording_id = s.recording_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, STRING_AGG(text, '\n' ORDER BY task_id) AS caption
  FROM af3.corrected_captions GROUP BY corpus, date, recording_id, segment_id
) AS c
  ON c.corpus = s.corpus AND c.date = s.date AND c.recording_id = s.recording_id
  AND c.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, STRING_AGG(text, '\n' ORDER BY task_id) AS transcript
  FROM af3.corrected_transcripts GROUP BY corpus, date, recording_id, segment_id
) AS t
  ON t.corpus = s.corpus AND t.date = s.date AND t.recording_id = s.recording_id
  AND t.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id,
    STRING_AGG(CONCAT(task_id, ': ', text), '\n' ORDER BY task_id) AS answers
  FROM af3.corrected_answers GROUP BY corpus, date, recording_id, segment_id
) AS a
  ON a.corpus = s.corpus AND a.date = s.date AND a.recording_id = s.recording_id
  AND a.segment_id = s.segment_id;

CREATE OR REPLACE VIEW af3.doubtful_rows
OPTIONS (description = 'one row per flag of a caption, transcript or answer, as people corrected it') AS
SELECT x.source, x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.task_id, x.flag, x.mean_logprob, x.text
FROM (
  SELECT 'captions' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM af3.corrected_captions CROSS JOIN UNNEST(flags) AS flag
  UNION ALL
  SELECT 'transcripts' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM af3.corrected_transcripts CROSS JOIN UNNEST(flags) AS flag
  UNION ALL
  SELECT 'answers' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM af3.corrected_answers CROSS JOIN UNNEST(flags) AS flag
) AS x
JOIN af3.recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id;

CREATE OR REPLACE VIEW af3.hours_by_night
OPTIONS (description = 'one row per corpus and archive day: what came in, what was annotated, what failed') AS
SELECT corpus, date, SUM(recordings) AS recordings, SUM(duration_ms) / 3.6e6 AS hours,
  SUM(annotated_ms) / 3.6e6 AS annotated_hours, SUM(failures) AS failures
FROM (
  SELECT corpus, date, 1 AS recordings, duration_ms, annotated_ms, 0 AS failures
  FROM af3.recordings
  UNION ALL
  SELECT corpus, date, 0 AS recordings, 0 AS duration_ms, 0 AS annotated_ms, 1 AS failures
  FROM af3.failures
) AS x
GROUP BY corpus, date;

CREATE OR REPLACE VIEW af3.choices_by_night
OPTIONS (description = 'how often each option of a multiple-choice question was chosen; share is of all choices') AS
SELECT corpus, date, task_id, choice, COUNT(*) AS answers,
  1e0 * COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY corpus, date, task_id) AS share
FROM af3.corrected_answers
WHERE choice <> ''
GROUP BY corpus, date, task_id, choice;

CREATE OR REPLACE VIEW af3.heard_events
OPTIONS (description = 'one row per event as people corrected it, with its recording\'s address') AS
SELECT e.corpus, e.date, e.recording_id, r.object_uri, e.event_id,
  e.start_ms / 1e3 AS start_s, e.end_ms / 1e3 AS end_s, e.kind, e.label, e.loudness_lufs, e.caption
FROM af3.corrected_events AS e
JOIN af3.recordings AS r
  ON r.corpus = e.corpus AND r.date = e.date AND r.recording_id = e.recording_id;

CREATE OR REPLACE VIEW af3.spoken_turns
OPTIONS (description = 'one row per turn of a speaker, with the name that the voice was given, or a person gave who speaks there, and its recording\'s address') AS
SELECT t.corpus, t.date, t.recording_id, r.object_uri, t.start_ms / 1e3 AS start_s,
  t.end_ms / 1e3 AS end_s, t.channel, t.voice, t.speaker, t.name, t.confidence, t.is_overlap
FROM af3.corrected_speaker_turns AS t
JOIN af3.recordings AS r
  ON r.corpus = t.corpus AND r.date = t.date AND r.recording_id = t.recording_id;

CREATE OR REPLACE VIEW af3.spoken_words
OPTIONS (description = 'one row per aligned word, with the voice that speaks longest in its time') AS
SELECT x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id, x.task_id, x.position,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.word, x.confidence, x.channel, x.voice,
  x.speaker, x.name
FROM (
  SELECT w.corpus, w.date, w.recording_id, w.segment_id, w.task_id, w.position, w.start_ms,
    w.end_ms, w.word, w.confidence, w.channel, t.voice, t.speaker, t.name,
    ROW_NUMBER() OVER (
      PARTITION BY w.corpus, w.date, w.recording_id, w.segment_id, w.task_id, w.channel,
        w.position
      ORDER BY LEAST(w.end_ms, t.end_ms) - GREATEST(w.start_ms, t.start_ms) DESC, t.start_ms,
        t.voice
    ) AS place
  FROM af3.corrected_words AS w
  LEFT JOIN af3.corrected_speaker_turns AS t
    ON t.corpus = w.corpus AND t.date = w.date AND t.recording_id = w.recording_id
    AND t.start_ms < w.end_ms AND t.end_ms > w.start_ms
    AND (t.channel IS NULL OR w.channel IS NULL OR t.channel = w.channel)
) AS x
JOIN af3.recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id
WHERE x.place = 1;
