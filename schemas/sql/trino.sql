-- External tables for Trino's Hive connector over the tables of af3-archive.
-- Written by `python -m schemas.sql`, which fills the placeholders in as well:
-- python -m schemas.sql trino --location gs://lake/annotated
-- gs://BUCKET/PREFIX is what --out of af3 was, or any address that Trino's file systems know; the
-- schema is af3 in the catalogue hive, of the Hive connector.
-- New nights are seen after the CALLs below: run them after each publish. Times are UTC.
-- Tested: parsed as Trino's dialect, and the views' rows by DuckDB. Never run in Trino.

CREATE SCHEMA IF NOT EXISTS hive.af3;

CREATE TABLE IF NOT EXISTS hive.af3.recordings (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "object_uri" VARCHAR COMMENT 'object that holds it',
  "duplicate_uris" ARRAY(VARCHAR) COMMENT 'further objects with the same bytes',
  "content_sha256" VARCHAR COMMENT 'SHA-256 of the bytes',
  "size_bytes" BIGINT COMMENT 'size of the object',
  "modified_at" TIMESTAMP(3) COMMENT 'when the object was last changed',
  "container" VARCHAR COMMENT 'media container',
  "codec" VARCHAR COMMENT 'audio codec',
  "sample_rate_hz" BIGINT COMMENT 'sample rate of the source',
  "channels" BIGINT COMMENT 'channels of the source',
  "declared_duration_ms" BIGINT COMMENT 'length that the container declares',
  "duration_ms" BIGINT COMMENT 'time in: the decoded length, or the declared if none was decoded',
  "decoded_duration_ms" BIGINT COMMENT 'length that was decoded, with silence where times leave out',
  "annotated_ms" BIGINT COMMENT 'time that has answers',
  "skipped" ARRAY(ROW("reason" VARCHAR, "duration_ms" BIGINT)) COMMENT 'time that was not annotated, by reason; with annotated_ms it makes duration_ms',
  "clip_count" BIGINT COMMENT 'clips',
  "segment_count" BIGINT COMMENT 'segments',
  "status" VARCHAR COMMENT 'annotated, partial (some answers failed), nothing_heard (all of it was skipped as silent or too short), waiting to be cut, or failed',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "segmentation_hash" VARCHAR COMMENT 'hash of the resolved segmentation',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "estimated_duration_ms" BIGINT COMMENT 'length by the bit rate, where none is declared',
  "start_offset_ms" BIGINT COMMENT 'how long after the picture or another track it starts',
  "gaps" ARRAY(ROW("start_ms" BIGINT, "duration_ms" BIGINT)) COMMENT 'silence that stands for what the container''s times leave out; the first 1,000',
  "gap_ms" BIGINT COMMENT 'length of all gaps',
  "lost_ms" BIGINT COMMENT 'sound that could not be decoded, as far as it can be told',
  "notes" ARRAY(VARCHAR) COMMENT 'words of the decoder, and how times were resolved',
  "tracks" ARRAY(ROW("index" BIGINT, "codec" VARCHAR, "language" VARCHAR, "title" VARCHAR, "is_default" BOOLEAN, "channels" BIGINT, "declared_duration_ms" BIGINT, "level_dbfs" DOUBLE, "speech_ms" BIGINT)) COMMENT 'audio tracks; speech_ms was measured of those that were not heard',
  "heard_tracks" ARRAY(BIGINT) COMMENT 'tracks that were heard; none: an earlier release cut it, and heard the first',
  "heard_channels" VARCHAR COMMENT 'mix of all, each by itself, or the number of the one that was heard',
  "heard_channel_count" BIGINT COMMENT 'how many channels were heard; annotated_ms counts a second once',
  "date_rule" VARCHAR COMMENT 'what dated it: path, pattern, mtime, bwf, xmp or created',
  "sound_sha256" VARCHAR COMMENT 'SHA-256 of the coded sound and its times: equal where only tags or container differ',
  "taken_over_from" VARCHAR COMMENT 'recording of the same sound whose clips and answers these are, where it was not cut itself',
  "part_uris" ARRAY(VARCHAR) COMMENT 'the objects of its tracks in order, where these are several (OP-Atom); else none',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'one row per recording of the night; times in and out add up'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/recordings',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'recordings', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.segments (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "speech_ms" BIGINT COMMENT 'time with speech in it',
  "starts_in_speech" BOOLEAN COMMENT 'true: cut inside speech, as no pause was near; a word may stand on both sides',
  "loudness_lufs" DOUBLE COMMENT 'integrated loudness (BS.1770)',
  "peak_dbfs" DOUBLE COMMENT 'highest sample',
  "spectral_centroid_hz" DOUBLE COMMENT 'mean brightness',
  "status" VARCHAR COMMENT 'annotated, partial, failed or skipped',
  "skip_reason" VARCHAR COMMENT 'why it was skipped, else empty',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "clip_uri" VARCHAR COMMENT 'FLAC object of the clip',
  "clip_start_ms" BIGINT COMMENT 'start of the clip, from the start of the recording',
  "segmentation_hash" VARCHAR COMMENT 'hash of the resolved segmentation',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "channel" BIGINT COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'one row per segment, with its measured properties'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/segments',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'segments', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.captions (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "task_id" VARCHAR COMMENT 'task of the configuration that asked',
  "prompt_id" VARCHAR COMMENT 'identity of the exact prompt text',
  "mean_logprob" DOUBLE COMMENT 'mean log-probability of the tokens',
  "token_count" BIGINT COMMENT 'tokens of the answer',
  "finish_reason" VARCHAR COMMENT 'stop: the model ended; length: it was cut at the limit',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "model" VARCHAR COMMENT 'model that answered',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "engine" VARCHAR COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  "task_hash" VARCHAR COMMENT 'hash of the resolved task: prompt, weights, decoding settings',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the model answered',
  "examples" ARRAY(ROW("recording_id" VARCHAR, "segment_id" VARCHAR, "distance" DOUBLE, "form" VARCHAR)) COMMENT 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not',
  "thinking" VARCHAR COMMENT 'reasoning before it',
  "text" VARCHAR COMMENT 'caption',
  "channel" BIGINT COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'what is heard, in words'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/captions',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'captions', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.transcripts (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "task_id" VARCHAR COMMENT 'task of the configuration that asked',
  "prompt_id" VARCHAR COMMENT 'identity of the exact prompt text',
  "mean_logprob" DOUBLE COMMENT 'mean log-probability of the tokens',
  "token_count" BIGINT COMMENT 'tokens of the answer',
  "finish_reason" VARCHAR COMMENT 'stop: the model ended; length: it was cut at the limit',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "model" VARCHAR COMMENT 'model that answered',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "engine" VARCHAR COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  "task_hash" VARCHAR COMMENT 'hash of the resolved task: prompt, weights, decoding settings',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the model answered',
  "examples" ARRAY(ROW("recording_id" VARCHAR, "segment_id" VARCHAR, "distance" DOUBLE, "form" VARCHAR)) COMMENT 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not',
  "word_count" BIGINT COMMENT 'words of the transcript, in any script',
  "text" VARCHAR COMMENT 'transcript; empty without speech',
  "channel" BIGINT COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  "language" VARCHAR COMMENT 'language of the text by ISO 639, likelier than any other; none where it is too short',
  "language_probability" DOUBLE COMMENT 'how likely that language is, from 0 to 1',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'what is said'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/transcripts',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'transcripts', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.answers (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "task_id" VARCHAR COMMENT 'task of the configuration that asked',
  "prompt_id" VARCHAR COMMENT 'identity of the exact prompt text',
  "mean_logprob" DOUBLE COMMENT 'mean log-probability of the tokens',
  "token_count" BIGINT COMMENT 'tokens of the answer',
  "finish_reason" VARCHAR COMMENT 'stop: the model ended; length: it was cut at the limit',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "model" VARCHAR COMMENT 'model that answered',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "engine" VARCHAR COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  "task_hash" VARCHAR COMMENT 'hash of the resolved task: prompt, weights, decoding settings',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the model answered',
  "examples" ARRAY(ROW("recording_id" VARCHAR, "segment_id" VARCHAR, "distance" DOUBLE, "form" VARCHAR)) COMMENT 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not',
  "question" VARCHAR COMMENT 'question as it was asked',
  "options" ARRAY(VARCHAR) COMMENT 'options of a multiple-choice question, else empty',
  "choice" VARCHAR COMMENT 'the option that was chosen; empty if open or none was',
  "thinking" VARCHAR COMMENT 'reasoning before the answer',
  "text" VARCHAR COMMENT 'answer',
  "channel" BIGINT COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'answers to the configured questions'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/answers',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'answers', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.failures (
  "stage" VARCHAR COMMENT 'discover, segment, annotate',
  "object_uri" VARCHAR COMMENT 'object of the archive',
  "recording_id" VARCHAR COMMENT 'recording, if its bytes were read',
  "clip_id" VARCHAR COMMENT 'clip, else empty',
  "segment_id" VARCHAR COMMENT 'segment, else empty',
  "task_id" VARCHAR COMMENT 'task, else empty',
  "start_ms" BIGINT COMMENT 'start of what failed',
  "end_ms" BIGINT COMMENT 'end of what failed',
  "error_class" VARCHAR COMMENT 'kind of error',
  "message" VARCHAR COMMENT 'what happened and what to do',
  "attempts" BIGINT COMMENT 'how often it was tried',
  "permanent" BOOLEAN COMMENT 'true: the input is at fault, a rerun does not try again',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'what went wrong, one row per piece of work'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/failures',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'failures', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.runs (
  "run_id" VARCHAR COMMENT 'run that made the row',
  "source" VARCHAR COMMENT 'archive that was read',
  "started_at" TIMESTAMP(3) COMMENT 'start of the run',
  "published_at" TIMESTAMP(3) COMMENT 'when the partition was replaced',
  "recordings" BIGINT COMMENT 'recordings of the partition',
  "failures" BIGINT COMMENT 'failures of the partition',
  "duration_ms" BIGINT COMMENT 'time in, all recordings',
  "annotated_ms" BIGINT COMMENT 'time annotated',
  "skipped_ms" BIGINT COMMENT 'time skipped, all reasons',
  "answers_made" BIGINT COMMENT 'answers that this run asked the model for',
  "model" VARCHAR COMMENT 'model',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "configuration" VARCHAR COMMENT 'resolved configuration, as JSON',
  "software_version" VARCHAR COMMENT 'version of af3-archive',
  "objects" ARRAY(ROW("key" VARCHAR, "rows" BIGINT, "sha256" VARCHAR)) COMMENT 'objects that the run published',
  "withdrawn" ARRAY(VARCHAR) COMMENT 'objects of recordings that left the partition, gone from the archive or moved',
  "replaced" ARRAY(ROW("what" VARCHAR, "before" VARCHAR, "after" VARCHAR, "recordings" BIGINT, "rows" BIGINT)) COMMENT 'rows of a task, or segments, that the run replaced by those of another model, cutting or prompt',
  "passed_over" ARRAY(ROW("reason" VARCHAR, "objects" BIGINT)) COMMENT 'objects of the day that are no recordings, counted by reason',
  "recordings_taken_over" BIGINT COMMENT 'recordings with the clips and answers of another one of the same sound',
  "taken_over_ms" BIGINT COMMENT 'time in, those recordings',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'one row per run that published the partition'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/runs',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'runs', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.events (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "event_id" VARCHAR COMMENT 'identity of the stretch of audio and of how it was named',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "kind" VARCHAR COMMENT 'speech, sound, music, or unknown where the answers about it differ',
  "label" VARCHAR COMMENT 'what it is, in the model''s words, such as a dog barking; empty if unknown',
  "caption" VARCHAR COMMENT 'the model''s sentence about this stretch alone',
  "loudness_lufs" DOUBLE COMMENT 'integrated loudness (BS.1770)',
  "peak_dbfs" DOUBLE COMMENT 'highest sample',
  "spectral_centroid_hz" DOUBLE COMMENT 'mean brightness',
  "pitch_hz" DOUBLE COMMENT 'median fundamental frequency; missing where nothing is voiced',
  "tempo_bpm" DOUBLE COMMENT 'beats per minute, of music',
  "reverberation_s" DOUBLE COMMENT 'decay by 60 dB, estimated from the fall after the event',
  "level_change_db" DOUBLE COMMENT 'mean level of its last third less that of its first',
  "mean_logprob" DOUBLE COMMENT 'mean log-probability of the tokens of its name',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "model" VARCHAR COMMENT 'model that answered',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "engine" VARCHAR COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'what is heard from when to when: speech, sounds and music, measured'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/events',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'events', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.words (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "task_id" VARCHAR COMMENT 'task whose transcript it is of',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "position" BIGINT COMMENT 'number of the word in its transcript, from 0',
  "word" VARCHAR COMMENT 'the word as it is written, with the marks that touch it',
  "normalised" VARCHAR COMMENT 'the word in lower case, without outer marks',
  "start_char" BIGINT COMMENT 'where it starts in the transcript''s text, in code points',
  "end_char" BIGINT COMMENT 'where it ends there',
  "confidence" DOUBLE COMMENT 'that it is spoken there, 0 to 1; missing where its time is estimated',
  "method" VARCHAR COMMENT 'pocketsphinx, ctc or attention; interpolation where its time is estimated',
  "aligner" VARCHAR COMMENT 'aligner that was asked',
  "aligner_revision" VARCHAR COMMENT 'of its weights (and heads) or package; empty of interpolation',
  "channel" BIGINT COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  "speaker" VARCHAR COMMENT 'missing: the view spoken_words has who says it, by the turns of now',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'when each word of a transcript is spoken'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/words',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'words', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.speaker_turns (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "channel" BIGINT COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  "voice" BIGINT COMMENT 'number of the voice in its recording, from 1',
  "speaker" VARCHAR COMMENT 'identity of the voice in its corpus; missing where it was not compared with others',
  "confidence" DOUBLE COMMENT 'that it is this voice and no other of the recording, 0 to 1; missing where its channel says so',
  "is_overlap" BOOLEAN COMMENT 'another voice speaks in the same time',
  "encoder" VARCHAR COMMENT 'encoder of voices; empty where each channel is a speaker',
  "encoder_revision" VARCHAR COMMENT 'revision of its weights',
  "turns_id" VARCHAR COMMENT 'identity of the recording''s turns: of its clips, the encoder, the rules',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'who speaks from when to when'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/speaker_turns',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'speaker_turns', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.speakers (
  "speaker" VARCHAR COMMENT 'identity of the voice; it stays when recordings come or go',
  "name" VARCHAR COMMENT 'name that a person gave the voice',
  "recording_count" BIGINT COMMENT 'recordings that it is heard in',
  "turn_count" BIGINT COMMENT 'its turns in them',
  "speech_ms" BIGINT COMMENT 'length of these turns',
  "last_date" DATE COMMENT 'archive day on which it is last heard',
  "example_recording_id" VARCHAR COMMENT 'recording with its longest turn',
  "example_start_ms" BIGINT COMMENT 'start of that turn: listen there before you name it',
  "example_end_ms" BIGINT COMMENT 'end of that turn',
  "encoder" VARCHAR COMMENT 'encoder of voices; empty where each channel is a speaker',
  "encoder_revision" VARCHAR COMMENT 'revision of its weights',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'one row per voice of a corpus, in the day on which it is first heard'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/speakers',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'speakers', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.embeddings (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "audio_embedding" ARRAY(REAL) COMMENT 'AF-Whisper''s states, averaged over time, of length 1; missing from a served model',
  "audio_model" VARCHAR COMMENT 'model and revision of the audio embedding, else empty',
  "caption" VARCHAR COMMENT 'caption that was embedded; empty where there is none',
  "caption_embedding" ARRAY(REAL) COMMENT 'the caption''s embedding, of length 1; missing where there is no caption',
  "text_model" VARCHAR COMMENT 'model and revision of the caption''s embedding',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'where each annotated segment lies among all: by its sound, and by its caption'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/embeddings',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'embeddings', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.text_embeddings (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "kind" VARCHAR COMMENT 'segment, clip, chapter or recording',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "text_hash" VARCHAR COMMENT 'hash of the text that was embedded',
  "text_embedding" ARRAY(REAL) COMMENT 'the text''s embedding, of length 1',
  "text_model" VARCHAR COMMENT 'model and revision of the embedding',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'where texts that are searched lie among all: one row per segment, clip, chapter, recording'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/text_embeddings',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'text_embeddings', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.pairs (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "pair_id" VARCHAR COMMENT 'identity of question, options and audio',
  "skill" VARCHAR COMMENT 'skill of the catalogue (af3 skills list)',
  "question" VARCHAR COMMENT 'question',
  "options" ARRAY(VARCHAR) COMMENT 'options in the order in which they are asked; empty if open',
  "answer" VARCHAR COMMENT 'right answer; one of the options where there are any',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "evidence" ARRAY(ROW("kind" VARCHAR, "text" VARCHAR, "start_ms" BIGINT, "end_ms" BIGINT)) COMMENT 'what the pair was made from: events, captions, transcripts, descriptors',
  "self_check" VARCHAR COMMENT 'pass: the language model stands by its pair; empty if made by rules',
  "audio_answer" VARCHAR COMMENT 'what the audio model answers to the question',
  "agrees" BOOLEAN COMMENT 'the audio model gives the right answer',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "model" VARCHAR COMMENT 'model that answered',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "engine" VARCHAR COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'questions with answers for training, by skill; every row obeys the rules of its skill'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/pairs',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'pairs', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.rejected_pairs (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "skill" VARCHAR COMMENT 'skill of the catalogue (af3 skills list)',
  "question" VARCHAR COMMENT 'question',
  "options" ARRAY(VARCHAR) COMMENT 'options in the order in which they are asked; empty if open',
  "answer" VARCHAR COMMENT 'right answer; one of the options where there are any',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "reason" VARCHAR COMMENT 'rule that it broke, such as answer_in_question',
  "detail" VARCHAR COMMENT 'what broke it',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'pairs that were proposed and not kept, with the reason'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/rejected_pairs',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'rejected_pairs', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.thoughts (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "pair_id" VARCHAR COMMENT 'pair whose answer it leads to',
  "skill" VARCHAR COMMENT 'skill of the catalogue (af3 skills list)',
  "question" VARCHAR COMMENT 'question',
  "options" ARRAY(VARCHAR) COMMENT 'options in the order in which they are asked; empty if open',
  "answer" VARCHAR COMMENT 'right answer; one of the options where there are any',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "thinking" VARCHAR COMMENT 'what a listener thinks before the answer',
  "thinking_by" VARCHAR COMMENT 'language model that wrote the thinking',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'thinking before the answers of pairs, for training; every row passed all checks'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/thoughts',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'thoughts', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.rejected_thoughts (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "clip_id" VARCHAR COMMENT 'clip of the recording, one FLAC object',
  "segment_id" VARCHAR COMMENT 'segment of the clip; empty where the unit is the clip',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "pair_id" VARCHAR COMMENT 'pair whose answer it leads to',
  "skill" VARCHAR COMMENT 'skill of the catalogue (af3 skills list)',
  "question" VARCHAR COMMENT 'question',
  "options" ARRAY(VARCHAR) COMMENT 'options in the order in which they are asked; empty if open',
  "answer" VARCHAR COMMENT 'right answer; one of the options where there are any',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "thinking" VARCHAR COMMENT 'what a listener thinks before the answer',
  "thinking_by" VARCHAR COMMENT 'language model that wrote the thinking',
  "reason" VARCHAR COMMENT 'check that it did not pass, such as leads_elsewhere',
  "detail" VARCHAR COMMENT 'what was found',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'thinking that was written and not kept, with the reason'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/rejected_thoughts',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'rejected_thoughts', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.summaries (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "duration_ms" BIGINT COMMENT 'length of the recording',
  "summary" VARCHAR COMMENT 'summary of the whole recording',
  "chapter_count" BIGINT COMMENT 'chapters',
  "transcript" VARCHAR COMMENT 'all transcripts in order, each word once',
  "transcript_spans" ARRAY(ROW("segment_id" VARCHAR, "start_ms" BIGINT, "end_ms" BIGINT, "start_char" BIGINT, "end_char" BIGINT)) COMMENT 'which characters of the transcript were spoken when',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'one row per recording: what it is about, and all that is said in it'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/summaries',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'summaries', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.chapters (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "chapter" BIGINT COMMENT 'number within the recording, from 1',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "title" VARCHAR COMMENT 'what the chapter is about, in a few words',
  "summary" VARCHAR COMMENT 'summary of the chapter',
  "segment_count" BIGINT COMMENT 'annotated segments in it',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'parts of a recording, without gap or overlap'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/chapters',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'chapters', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.findings (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "question_id" VARCHAR COMMENT 'identity of the question',
  "question" VARCHAR COMMENT 'question about the whole recording',
  "answer" VARCHAR COMMENT 'answer; empty where nothing in the recording speaks to it',
  "citations" ARRAY(ROW("segment_id" VARCHAR, "start_ms" BIGINT, "end_ms" BIGINT, "quote" VARCHAR, "score" DOUBLE)) COMMENT 'segments that the answer rests on, the best first',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'answers to questions about whole recordings, with the segments that they rest on'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/findings',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'findings', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.descriptions (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "description_id" VARCHAR COMMENT 'identity of the text, the voice, its speaker and its speed',
  "text" VARCHAR COMMENT 'what is spoken: name, day and length, summary, chapters with their times',
  "voice" VARCHAR COMMENT 'voice and speaker',
  "backend" VARCHAR COMMENT 'espeak, vits or pocket_tts',
  "voice_revision" VARCHAR COMMENT 'hub commit, hash of the voice''s files, or version of its package',
  "speaker_revision" VARCHAR COMMENT 'hash of the recording of the speaker; missing for a speaker of the voice''s own',
  "speed" DOUBLE COMMENT '2 is twice as fast as the voice''s own',
  "sound_uri" VARCHAR COMMENT 'Opus object (Ogg), below the folder of the tables',
  "duration_ms" BIGINT COMMENT 'length of the speech',
  "first_audio_ms" DOUBLE COMMENT 'from the text to the first chunk of speech, when it was made',
  "real_time_factor" DOUBLE COMMENT 'time to speak it over its length; below 1 is faster',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'spoken descriptions of recordings, for who listens rather than reads'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/descriptions',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'descriptions', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.dialogues (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "dialogue_id" VARCHAR COMMENT 'identity of sounds and turns',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "sounds" ARRAY(ROW("segment_id" VARCHAR, "recording_id" VARCHAR, "clip_uri" VARCHAR, "clip_start_ms" BIGINT, "start_ms" BIGINT, "end_ms" BIGINT, "relation" VARCHAR, "distance" DOUBLE)) COMMENT 'segments that the conversation is about; <sound-1> in a turn is the first',
  "turns" ARRAY(ROW("role" VARCHAR, "text" VARCHAR)) COMMENT 'human and gpt in turn',
  "sound_count" BIGINT COMMENT 'sounds',
  "turn_count" BIGINT COMMENT 'questions, each with its answer',
  "made_by" VARCHAR COMMENT 'rules (exact by construction), or the language model that wrote it',
  "self_check" VARCHAR COMMENT 'pass: the language model stands by it; empty if made by rules',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'conversations of several turns about several sounds, for training'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/dialogues',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'dialogues', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.chats (
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "chat_id" VARCHAR COMMENT 'identity of script, sounds and model',
  "name" VARCHAR COMMENT 'name of the conversation in its file',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "sounds" ARRAY(ROW("segment_id" VARCHAR, "recording_id" VARCHAR, "clip_uri" VARCHAR, "clip_start_ms" BIGINT, "start_ms" BIGINT, "end_ms" BIGINT, "relation" VARCHAR, "distance" DOUBLE)) COMMENT 'segments that the conversation is about; <sound-1> in a turn is the first',
  "turns" ARRAY(ROW("role" VARCHAR, "text" VARCHAR, "mean_logprob" DOUBLE, "finish_reason" VARCHAR)) COMMENT 'user and assistant in turn',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "model" VARCHAR COMMENT 'model that answered',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "engine" VARCHAR COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'scripted conversations that the audio model answered'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/chats',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'chats', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.evaluations (
  "item_id" VARCHAR COMMENT 'item of the benchmark, as published',
  "evaluation_id" VARCHAR COMMENT 'identity of model, prompt form and settings; equal ones are compared',
  "groups" ARRAY(VARCHAR) COMMENT 'what results are also given by, such as task=sound',
  "sounds" ARRAY(VARCHAR) COMMENT 'objects of the sounds, below the benchmark''s data',
  "question" VARCHAR COMMENT 'question as published',
  "options" ARRAY(VARCHAR) COMMENT 'options in their published order; empty if open',
  "answers" ARRAY(VARCHAR) COMMENT 'all right answers; empty where the publisher keeps them',
  "prompt" VARCHAR COMMENT 'what the model was asked',
  "prompt_form" VARCHAR COMMENT 'published, or thinking',
  "prediction" VARCHAR COMMENT 'what the model answered, thinking taken off',
  "thinking" VARCHAR COMMENT 'reasoning before the answer',
  "metric" VARCHAR COMMENT 'accuracy, wer, cider_d or judge',
  "read_as" VARCHAR COMMENT 'what the metric read out of the prediction',
  "score" DOUBLE COMMENT 'what it is worth; a figure is the sum of scores over that of weights',
  "weight" DOUBLE COMMENT '1, or the reference''s words; missing where nothing can be scored',
  "official_score" DOUBLE COMMENT 'by the official script as it stands, where that differs',
  "official_weight" DOUBLE COMMENT '0 where the official script drops the row',
  "similarity" DOUBLE COMMENT 'of a caption to the nearest reference, by their embeddings',
  "judge" VARCHAR COMMENT 'model that judged, else empty',
  "judge_reply" VARCHAR COMMENT 'what the judge said, else empty',
  "fault" VARCHAR COMMENT 'what is wrong with the published item, else empty; it stays in the figure',
  "error" VARCHAR COMMENT 'why there is no prediction, else empty; it stays in the figure',
  "flags" ARRAY(VARCHAR) COMMENT 'reasons to doubt the row; flagged rows stay',
  "mean_logprob" DOUBLE COMMENT 'mean log-probability of the answer''s tokens',
  "token_count" BIGINT COMMENT 'tokens of the answer',
  "model" VARCHAR COMMENT 'model that answered',
  "weights_revision" VARCHAR COMMENT 'revision of its weights',
  "engine" VARCHAR COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  "dtype" VARCHAR COMMENT 'numbers that it computed in',
  "settings" VARCHAR COMMENT 'all that decides the answers, as JSON',
  "run_id" VARCHAR COMMENT 'run that made the row',
  "generated_at" TIMESTAMP(3) COMMENT 'when the row was made',
  "official_read_as" VARCHAR COMMENT 'what the official script reads out of the prediction, empty for nothing; missing where it says right or wrong alone',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'one row per item of a benchmark and evaluation; corpus is the benchmark, date the day when it was first asked'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/evaluations',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'evaluations', 'FULL');

CREATE TABLE IF NOT EXISTS hive.af3.corrections (
  "correction_id" VARCHAR COMMENT 'correction',
  "batch_id" VARCHAR COMMENT 'batch: what one person said at once',
  "recording_id" VARCHAR COMMENT 'recording: start of the SHA-256 of its bytes',
  "content_sha256" VARCHAR COMMENT 'SHA-256 of the recording''s bytes',
  "source" VARCHAR COMMENT 'table of the row, such as captions, transcripts or events',
  "task_id" VARCHAR COMMENT 'task of the answer; else empty',
  "start_ms" BIGINT COMMENT 'start, from the start of the recording',
  "end_ms" BIGINT COMMENT 'end, from the start of the recording',
  "channel" BIGINT COMMENT 'channel of the answer, from 0; else none',
  "kind" VARCHAR COMMENT 'text, empty, choice, name, times, wrong, right, flag_set or flag_lifted',
  "aspect" VARCHAR COMMENT 'value, times, or flag: and its name; of two of one aspect one is shown',
  "old_value" VARCHAR COMMENT 'what the model had given when it was corrected',
  "new_value" VARCHAR COMMENT 'text, option, name, times in ms or flag; else empty',
  "new_word_count" BIGINT COMMENT 'words of a text, in any script',
  "reason" VARCHAR COMMENT 'why, in the person''s words',
  "corrected_by" VARCHAR COMMENT 'who',
  "corrected_at" TIMESTAMP(3) COMMENT 'when',
  "undone_by" VARCHAR COMMENT 'who undid it; none where it counts',
  "undone_at" TIMESTAMP(3) COMMENT 'when it was undone',
  "new_start_ms" BIGINT COMMENT 'start that a person gave',
  "new_end_ms" BIGINT COMMENT 'end that a person gave',
  "sound_sha256" VARCHAR COMMENT 'of the recording''s sound: the correction is of all recordings that have it',
  "settled_by" VARCHAR COMMENT 'who said last that it holds',
  "settled_at" TIMESTAMP(3) COMMENT 'when that was said',
  "settled_value" VARCHAR COMMENT 'what its row said then: the correction is of that too',
  "corpus" VARCHAR COMMENT 'corpus, from the object''s path',
  "date" DATE COMMENT 'archive day, from the object''s path'
)
COMMENT 'one row per correction by a person; the views corrected_… show what counts'
WITH (
  format = 'PARQUET',
  external_location = 'gs://BUCKET/PREFIX/tables/corrections',
  partitioned_by = ARRAY['corpus', 'date']
);

CALL hive.system.sync_partition_metadata('af3', 'corrections', 'FULL');

CREATE OR REPLACE VIEW hive.af3.heard_corrections
COMMENT 'one row per correction that is not undone, recording that it is of, and reason: identifier or sound' AS
SELECT r.corpus, r.date, r.recording_id,
  c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at, c.source, c.task_id, c.channel, c.start_ms, c.end_ms, c.settled_value
FROM (
  SELECT h.corpus, h.date, h.recording_id, heard
  FROM hive.af3.recordings AS h CROSS JOIN UNNEST(ARRAY[h.recording_id, h.sound_sha256]) AS u (heard)
) AS r
JOIN (
  SELECT k.corpus, k.correction_id, k.batch_id, k.kind, k.aspect, k.old_value, k.new_value, k.new_word_count, k.new_start_ms, k.new_end_ms, k.reason, k.corrected_by, k.corrected_at, k.settled_at, k.source, k.task_id, k.channel, k.start_ms, k.end_ms, k.settled_value,
    heard
  FROM hive.af3.corrections AS k CROSS JOIN UNNEST(ARRAY[k.recording_id, k.sound_sha256]) AS u (heard)
  WHERE k.undone_at IS NULL
) AS c
  ON c.corpus = r.corpus AND c.heard = r.heard
WHERE r.heard <> '';

CREATE OR REPLACE VIEW hive.af3.placed_captions
COMMENT 'one row per correction and row of captions that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
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
          FROM hive.af3.captions AS x
          JOIN hive.af3.heard_corrections AS c
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

CREATE OR REPLACE VIEW hive.af3.placed_transcripts
COMMENT 'one row per correction and row of transcripts that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
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
          FROM hive.af3.transcripts AS x
          JOIN hive.af3.heard_corrections AS c
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

CREATE OR REPLACE VIEW hive.af3.placed_answers
COMMENT 'one row per correction and row of answers that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
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
          FROM hive.af3.answers AS x
          JOIN hive.af3.heard_corrections AS c
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

CREATE OR REPLACE VIEW hive.af3.placed_events
COMMENT 'one row per correction and row of events that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
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
          FROM hive.af3.events AS x
          JOIN hive.af3.heard_corrections AS c
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

CREATE OR REPLACE VIEW hive.af3.placed_words
COMMENT 'one row per correction and row of words that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
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
          FROM hive.af3.words AS x
          JOIN hive.af3.heard_corrections AS c
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

CREATE OR REPLACE VIEW hive.af3.placed_speaker_turns
COMMENT 'one row per correction and row of speaker_turns that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
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
            COALESCE(c.settled_at, c.corrected_at) AS said_at, COALESCE(x.speaker, CONCAT('voice ', CAST(x.voice AS VARCHAR))) AS value_now,
            CASE WHEN COALESCE(x.speaker, CONCAT('voice ', CAST(x.voice AS VARCHAR))) IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0 END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM hive.af3.speaker_turns AS x
          JOIN hive.af3.heard_corrections AS c
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

CREATE OR REPLACE VIEW hive.af3.placed_chapters
COMMENT 'one row per correction and row of chapters that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
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
          FROM hive.af3.chapters AS x
          JOIN hive.af3.heard_corrections AS c
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

CREATE OR REPLACE VIEW hive.af3.placed_corrections
COMMENT 'one row per correction that is not undone and row that it is of, of all tables; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is' AS
SELECT 'captions' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM hive.af3.placed_captions
UNION ALL
SELECT 'transcripts' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM hive.af3.placed_transcripts
UNION ALL
SELECT 'answers' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM hive.af3.placed_answers
UNION ALL
SELECT 'events' AS source, corpus, date, recording_id, clip_id, segment_id, '' AS task_id, '' AS task_hash, CAST(event_id AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM hive.af3.placed_events
UNION ALL
SELECT 'words' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, '' AS task_hash, CAST(position AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM hive.af3.placed_words
UNION ALL
SELECT 'speaker_turns' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(voice AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM hive.af3.placed_speaker_turns
UNION ALL
SELECT 'chapters' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(chapter AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM hive.af3.placed_chapters;

CREATE OR REPLACE VIEW hive.af3.corrected_captions
COMMENT 'captions with what people corrected in the place of it; original_… is what was made' AS
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
  CASE WHEN s.has_flags = 1 THEN ARRAY_SORT(ARRAY_EXCEPT(t.flags || COALESCE(s.flags_set, CAST(ARRAY[] AS ARRAY(VARCHAR))), COALESCE(s.flags_lifted, CAST(ARRAY[] AS ARRAY(VARCHAR))))) ELSE t.flags END AS flags,
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
FROM hive.af3.captions AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_set') AS flags_set,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_lifted') AS flags_lifted,
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
    FROM hive.af3.placed_captions AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW hive.af3.corrected_transcripts
COMMENT 'transcripts with what people corrected in the place of it; original_… is what was made' AS
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
  CASE WHEN s.has_flags = 1 THEN ARRAY_SORT(ARRAY_EXCEPT(t.flags || COALESCE(s.flags_set, CAST(ARRAY[] AS ARRAY(VARCHAR))), COALESCE(s.flags_lifted, CAST(ARRAY[] AS ARRAY(VARCHAR))))) ELSE t.flags END AS flags,
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
FROM hive.af3.transcripts AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_set') AS flags_set,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_lifted') AS flags_lifted,
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
    FROM hive.af3.placed_transcripts AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW hive.af3.corrected_answers
COMMENT 'answers with what people corrected in the place of it; original_… is what was made' AS
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
  CASE WHEN s.has_flags = 1 THEN ARRAY_SORT(ARRAY_EXCEPT(t.flags || COALESCE(s.flags_set, CAST(ARRAY[] AS ARRAY(VARCHAR))), COALESCE(s.flags_lifted, CAST(ARRAY[] AS ARRAY(VARCHAR))))) ELSE t.flags END AS flags,
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
FROM hive.af3.answers AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_set') AS flags_set,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_lifted') AS flags_lifted,
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
    FROM hive.af3.placed_answers AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW hive.af3.corrected_events
COMMENT 'events with what people corrected in the place of it; original_… is what was made' AS
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
  CASE WHEN s.has_flags = 1 THEN ARRAY_SORT(ARRAY_EXCEPT(t.flags || COALESCE(s.flags_set, CAST(ARRAY[] AS ARRAY(VARCHAR))), COALESCE(s.flags_lifted, CAST(ARRAY[] AS ARRAY(VARCHAR))))) ELSE t.flags END AS flags,
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
FROM hive.af3.events AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.event_id,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_set') AS flags_set,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_lifted') AS flags_lifted,
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
    FROM hive.af3.placed_events AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.event_id
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.event_id = t.event_id;

CREATE OR REPLACE VIEW hive.af3.corrected_words
COMMENT 'words with what people corrected in the place of it; original_… is what was made' AS
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
FROM hive.af3.words AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.position,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_set') AS flags_set,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_lifted') AS flags_lifted,
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
    FROM hive.af3.placed_words AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.position
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.position = t.position;

CREATE OR REPLACE VIEW hive.af3.corrected_speaker_turns
COMMENT 'speaker_turns with what people corrected in the place of it; original_… is what was made' AS
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
FROM hive.af3.speaker_turns AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.voice,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_set') AS flags_set,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_lifted') AS flags_lifted,
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
    FROM hive.af3.placed_speaker_turns AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.voice
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.voice = t.voice
LEFT JOIN hive.af3.speakers AS v
  ON v.corpus = t.corpus AND v.speaker = t.speaker;

CREATE OR REPLACE VIEW hive.af3.corrected_chapters
COMMENT 'chapters with what people corrected in the place of it; original_… is what was made' AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.chapter,
  COALESCE(s.new_start_ms, t.start_ms) AS start_ms,
  COALESCE(s.new_end_ms, t.end_ms) AS end_ms,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.value ELSE t.title END AS title,
  t.summary,
  t.segment_count,
  t.made_by,
  CASE WHEN s.has_flags = 1 THEN ARRAY_SORT(ARRAY_EXCEPT(t.flags || COALESCE(s.flags_set, CAST(ARRAY[] AS ARRAY(VARCHAR))), COALESCE(s.flags_lifted, CAST(ARRAY[] AS ARRAY(VARCHAR))))) ELSE t.flags END AS flags,
  t.run_id,
  t.generated_at,
  t.title AS original_title,
  t.flags AS original_flags,
  t.start_ms AS original_start_ms,
  t.end_ms AS original_end_ms,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM hive.af3.chapters AS t
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.chapter,
    MAX(CASE WHEN aspect = 'value' THEN kind END) AS value_kind,
    MAX(CASE WHEN aspect = 'value' THEN new_value END) AS value,
    MAX(CASE WHEN aspect = 'value' THEN new_word_count END) AS word_count,
    MAX(CASE WHEN aspect = 'times' THEN new_start_ms END) AS new_start_ms,
    MAX(CASE WHEN aspect = 'times' THEN new_end_ms END) AS new_end_ms,
    MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_set') AS flags_set,
    ARRAY_AGG(new_value) FILTER (WHERE kind = 'flag_lifted') AS flags_lifted,
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
    FROM hive.af3.placed_chapters AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.chapter
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.chapter = t.chapter;

CREATE OR REPLACE VIEW hive.af3.annotated_segments
COMMENT 'one row per segment: where it is, what is heard, said and answered, as people corrected it; several texts of a kind stand one a line' AS
SELECT s.corpus, s.date, s.recording_id, r.object_uri, s.segment_id,
  s.start_ms / 1e3 AS start_s, s.end_ms / 1e3 AS end_s, s.speech_ms / 1e3 AS speech_s,
  s.loudness_lufs, s.status, c.caption, t.transcript, a.answers, s.clip_uri
FROM hive.af3.segments AS s
JOIN hive.af3.recordings AS r
  ON r.corpus = s.corpus AND r.date = s.date AND r.recording_id = s.recording_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, ARRAY_JOIN(ARRAY_AGG(text ORDER BY task_id), chr(10)) AS caption
  FROM hive.af3.corrected_captions GROUP BY corpus, date, recording_id, segment_id
) AS c
  ON c.corpus = s.corpus AND c.date = s.date AND c.recording_id = s.recording_id
  AND c.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, ARRAY_JOIN(ARRAY_AGG(text ORDER BY task_id), chr(10)) AS transcript
  FROM hive.af3.corrected_transcripts GROUP BY corpus, date, recording_id, segment_id
) AS t
  ON t.corpus = s.corpus AND t.date = s.date AND t.recording_id = s.recording_id
  AND t.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id,
    ARRAY_JOIN(ARRAY_AGG(CONCAT(task_id, ': ', text) ORDER BY task_id), chr(10)) AS answers
  FROM hive.af3.corrected_answers GROUP BY corpus, date, recording_id, segment_id
) AS a
  ON a.corpus = s.corpus AND a.date = s.date AND a.recording_id = s.recording_id
  AND a.segment_id = s.segment_id;

CREATE OR REPLACE VIEW hive.af3.doubtful_rows
COMMENT 'one row per flag of a caption, transcript or answer, as people corrected it' AS
SELECT x.source, x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.task_id, x.flag, x.mean_logprob, x.text
FROM (
  SELECT 'captions' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM hive.af3.corrected_captions CROSS JOIN UNNEST(flags) AS u (flag)
  UNION ALL
  SELECT 'transcripts' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM hive.af3.corrected_transcripts CROSS JOIN UNNEST(flags) AS u (flag)
  UNION ALL
  SELECT 'answers' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM hive.af3.corrected_answers CROSS JOIN UNNEST(flags) AS u (flag)
) AS x
JOIN hive.af3.recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id;

CREATE OR REPLACE VIEW hive.af3.hours_by_night
COMMENT 'one row per corpus and archive day: what came in, what was annotated, what failed' AS
SELECT corpus, date, SUM(recordings) AS recordings, SUM(duration_ms) / 3.6e6 AS hours,
  SUM(annotated_ms) / 3.6e6 AS annotated_hours, SUM(failures) AS failures
FROM (
  SELECT corpus, date, 1 AS recordings, duration_ms, annotated_ms, 0 AS failures
  FROM hive.af3.recordings
  UNION ALL
  SELECT corpus, date, 0 AS recordings, 0 AS duration_ms, 0 AS annotated_ms, 1 AS failures
  FROM hive.af3.failures
) AS x
GROUP BY corpus, date;

CREATE OR REPLACE VIEW hive.af3.choices_by_night
COMMENT 'how often each option of a multiple-choice question was chosen; share is of all choices' AS
SELECT corpus, date, task_id, choice, COUNT(*) AS answers,
  1e0 * COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY corpus, date, task_id) AS share
FROM hive.af3.corrected_answers
WHERE choice <> ''
GROUP BY corpus, date, task_id, choice;

CREATE OR REPLACE VIEW hive.af3.heard_events
COMMENT 'one row per event as people corrected it, with its recording''s address' AS
SELECT e.corpus, e.date, e.recording_id, r.object_uri, e.event_id,
  e.start_ms / 1e3 AS start_s, e.end_ms / 1e3 AS end_s, e.kind, e.label, e.loudness_lufs, e.caption
FROM hive.af3.corrected_events AS e
JOIN hive.af3.recordings AS r
  ON r.corpus = e.corpus AND r.date = e.date AND r.recording_id = e.recording_id;

CREATE OR REPLACE VIEW hive.af3.spoken_turns
COMMENT 'one row per turn of a speaker, with the name that the voice was given, or a person gave who speaks there, and its recording''s address' AS
SELECT t.corpus, t.date, t.recording_id, r.object_uri, t.start_ms / 1e3 AS start_s,
  t.end_ms / 1e3 AS end_s, t.channel, t.voice, t.speaker, t.name, t.confidence, t.is_overlap
FROM hive.af3.corrected_speaker_turns AS t
JOIN hive.af3.recordings AS r
  ON r.corpus = t.corpus AND r.date = t.date AND r.recording_id = t.recording_id;

CREATE OR REPLACE VIEW hive.af3.spoken_words
COMMENT 'one row per aligned word, with the voice that speaks longest in its time' AS
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
  FROM hive.af3.corrected_words AS w
  LEFT JOIN hive.af3.corrected_speaker_turns AS t
    ON t.corpus = w.corpus AND t.date = w.date AND t.recording_id = w.recording_id
    AND t.start_ms < w.end_ms AND t.end_ms > w.start_ms
    AND (t.channel IS NULL OR w.channel IS NULL OR t.channel = w.channel)
) AS x
JOIN hive.af3.recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id
WHERE x.place = 1;
