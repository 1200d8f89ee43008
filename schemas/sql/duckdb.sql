-- Views for DuckDB (2.0 or newer) over the tables of af3-archive.
-- Written by `python -m schemas.sql`, which fills the placeholders in as well:
-- python -m schemas.sql duckdb --location /media/annotated
-- FOLDER is what --out of af3 was: sed 's|FOLDER|/media/annotated|' duckdb.sql > views.sql
-- Then: duckdb -init views.sql. Of a gs:// or s3:// address DuckDB needs httpfs and a secret.
-- New nights are seen at once; a table without objects is an empty view.
-- Tested: run by DuckDB over a night's tables and over an empty folder.

CREATE OR REPLACE VIEW recordings AS
SELECT corpus, date, recording_id, object_uri, duplicate_uris, content_sha256, size_bytes, modified_at, container, codec, sample_rate_hz, channels, declared_duration_ms, duration_ms, decoded_duration_ms, annotated_ms, skipped, clip_count, segment_count, status, flags, segmentation_hash, run_id, estimated_duration_ms, start_offset_ms, gaps, gap_ms, lost_ms, notes, tracks, heard_tracks, heard_channels, heard_channel_count, date_rule, sound_sha256, taken_over_from, part_uris FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS object_uri, CAST(NULL AS VARCHAR[]) AS duplicate_uris, CAST(NULL AS VARCHAR) AS content_sha256, CAST(NULL AS BIGINT) AS size_bytes, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS modified_at, CAST(NULL AS VARCHAR) AS container, CAST(NULL AS VARCHAR) AS codec, CAST(NULL AS BIGINT) AS sample_rate_hz, CAST(NULL AS BIGINT) AS channels, CAST(NULL AS BIGINT) AS declared_duration_ms, CAST(NULL AS BIGINT) AS duration_ms, CAST(NULL AS BIGINT) AS decoded_duration_ms, CAST(NULL AS BIGINT) AS annotated_ms, CAST(NULL AS STRUCT(reason VARCHAR, duration_ms BIGINT)[]) AS skipped, CAST(NULL AS BIGINT) AS clip_count, CAST(NULL AS BIGINT) AS segment_count, CAST(NULL AS VARCHAR) AS status, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS segmentation_hash, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS BIGINT) AS estimated_duration_ms, CAST(NULL AS BIGINT) AS start_offset_ms, CAST(NULL AS STRUCT(start_ms BIGINT, duration_ms BIGINT)[]) AS gaps, CAST(NULL AS BIGINT) AS gap_ms, CAST(NULL AS BIGINT) AS lost_ms, CAST(NULL AS VARCHAR[]) AS notes, CAST(NULL AS STRUCT(index BIGINT, codec VARCHAR, language VARCHAR, title VARCHAR, is_default BOOLEAN, channels BIGINT, declared_duration_ms BIGINT, level_dbfs DOUBLE, speech_ms BIGINT)[]) AS tracks, CAST(NULL AS BIGINT[]) AS heard_tracks, CAST(NULL AS VARCHAR) AS heard_channels, CAST(NULL AS BIGINT) AS heard_channel_count, CAST(NULL AS VARCHAR) AS date_rule, CAST(NULL AS VARCHAR) AS sound_sha256, CAST(NULL AS VARCHAR) AS taken_over_from, CAST(NULL AS VARCHAR[]) AS part_uris WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/recordings/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW recordings IS 'one row per recording of the night; times in and out add up';

COMMENT ON COLUMN recordings."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN recordings."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN recordings."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN recordings."object_uri" IS 'object that holds it';

COMMENT ON COLUMN recordings."duplicate_uris" IS 'further objects with the same bytes';

COMMENT ON COLUMN recordings."content_sha256" IS 'SHA-256 of the bytes';

COMMENT ON COLUMN recordings."size_bytes" IS 'size of the object';

COMMENT ON COLUMN recordings."modified_at" IS 'when the object was last changed';

COMMENT ON COLUMN recordings."container" IS 'media container';

COMMENT ON COLUMN recordings."codec" IS 'audio codec';

COMMENT ON COLUMN recordings."sample_rate_hz" IS 'sample rate of the source';

COMMENT ON COLUMN recordings."channels" IS 'channels of the source';

COMMENT ON COLUMN recordings."declared_duration_ms" IS 'length that the container declares';

COMMENT ON COLUMN recordings."duration_ms" IS 'time in: the decoded length, or the declared if none was decoded';

COMMENT ON COLUMN recordings."decoded_duration_ms" IS 'length that was decoded, with silence where times leave out';

COMMENT ON COLUMN recordings."annotated_ms" IS 'time that has answers';

COMMENT ON COLUMN recordings."skipped" IS 'time that was not annotated, by reason; with annotated_ms it makes duration_ms';

COMMENT ON COLUMN recordings."clip_count" IS 'clips';

COMMENT ON COLUMN recordings."segment_count" IS 'segments';

COMMENT ON COLUMN recordings."status" IS 'annotated, partial (some answers failed), nothing_heard (all of it was skipped as silent or too short), waiting to be cut, or failed';

COMMENT ON COLUMN recordings."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN recordings."segmentation_hash" IS 'hash of the resolved segmentation';

COMMENT ON COLUMN recordings."run_id" IS 'run that made the row';

COMMENT ON COLUMN recordings."estimated_duration_ms" IS 'length by the bit rate, where none is declared';

COMMENT ON COLUMN recordings."start_offset_ms" IS 'how long after the picture or another track it starts';

COMMENT ON COLUMN recordings."gaps" IS 'silence that stands for what the container''s times leave out; the first 1,000';

COMMENT ON COLUMN recordings."gap_ms" IS 'length of all gaps';

COMMENT ON COLUMN recordings."lost_ms" IS 'sound that could not be decoded, as far as it can be told';

COMMENT ON COLUMN recordings."notes" IS 'words of the decoder, and how times were resolved';

COMMENT ON COLUMN recordings."tracks" IS 'audio tracks; speech_ms was measured of those that were not heard';

COMMENT ON COLUMN recordings."heard_tracks" IS 'tracks that were heard; none: an earlier release cut it, and heard the first';

COMMENT ON COLUMN recordings."heard_channels" IS 'mix of all, each by itself, or the number of the one that was heard';

COMMENT ON COLUMN recordings."heard_channel_count" IS 'how many channels were heard; annotated_ms counts a second once';

COMMENT ON COLUMN recordings."date_rule" IS 'what dated it: path, pattern, mtime, bwf, xmp or created';

COMMENT ON COLUMN recordings."sound_sha256" IS 'SHA-256 of the coded sound and its times: equal where only tags or container differ';

COMMENT ON COLUMN recordings."taken_over_from" IS 'recording of the same sound whose clips and answers these are, where it was not cut itself';

COMMENT ON COLUMN recordings."part_uris" IS 'the objects of its tracks in order, where these are several (OP-Atom); else none';

CREATE OR REPLACE VIEW segments AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, speech_ms, starts_in_speech, loudness_lufs, peak_dbfs, spectral_centroid_hz, status, skip_reason, flags, clip_uri, clip_start_ms, segmentation_hash, run_id, channel FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS BIGINT) AS speech_ms, CAST(NULL AS BOOLEAN) AS starts_in_speech, CAST(NULL AS DOUBLE) AS loudness_lufs, CAST(NULL AS DOUBLE) AS peak_dbfs, CAST(NULL AS DOUBLE) AS spectral_centroid_hz, CAST(NULL AS VARCHAR) AS status, CAST(NULL AS VARCHAR) AS skip_reason, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS clip_uri, CAST(NULL AS BIGINT) AS clip_start_ms, CAST(NULL AS VARCHAR) AS segmentation_hash, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS BIGINT) AS channel WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/segments/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW segments IS 'one row per segment, with its measured properties';

COMMENT ON COLUMN segments."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN segments."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN segments."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN segments."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN segments."segment_id" IS 'segment of the clip';

COMMENT ON COLUMN segments."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN segments."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN segments."speech_ms" IS 'time with speech in it';

COMMENT ON COLUMN segments."starts_in_speech" IS 'true: cut inside speech, as no pause was near; a word may stand on both sides';

COMMENT ON COLUMN segments."loudness_lufs" IS 'integrated loudness (BS.1770)';

COMMENT ON COLUMN segments."peak_dbfs" IS 'highest sample';

COMMENT ON COLUMN segments."spectral_centroid_hz" IS 'mean brightness';

COMMENT ON COLUMN segments."status" IS 'annotated, partial, failed or skipped';

COMMENT ON COLUMN segments."skip_reason" IS 'why it was skipped, else empty';

COMMENT ON COLUMN segments."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN segments."clip_uri" IS 'FLAC object of the clip';

COMMENT ON COLUMN segments."clip_start_ms" IS 'start of the clip, from the start of the recording';

COMMENT ON COLUMN segments."segmentation_hash" IS 'hash of the resolved segmentation';

COMMENT ON COLUMN segments."run_id" IS 'run that made the row';

COMMENT ON COLUMN segments."channel" IS 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard';

CREATE OR REPLACE VIEW captions AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, task_id, prompt_id, mean_logprob, token_count, finish_reason, flags, model, weights_revision, engine, task_hash, run_id, generated_at, examples, thinking, text, channel FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS task_id, CAST(NULL AS VARCHAR) AS prompt_id, CAST(NULL AS DOUBLE) AS mean_logprob, CAST(NULL AS BIGINT) AS token_count, CAST(NULL AS VARCHAR) AS finish_reason, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS engine, CAST(NULL AS VARCHAR) AS task_hash, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at, CAST(NULL AS STRUCT(recording_id VARCHAR, segment_id VARCHAR, distance DOUBLE, form VARCHAR)[]) AS examples, CAST(NULL AS VARCHAR) AS thinking, CAST(NULL AS VARCHAR) AS text, CAST(NULL AS BIGINT) AS channel WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/captions/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW captions IS 'what is heard, in words';

COMMENT ON COLUMN captions."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN captions."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN captions."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN captions."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN captions."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN captions."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN captions."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN captions."task_id" IS 'task of the configuration that asked';

COMMENT ON COLUMN captions."prompt_id" IS 'identity of the exact prompt text';

COMMENT ON COLUMN captions."mean_logprob" IS 'mean log-probability of the tokens';

COMMENT ON COLUMN captions."token_count" IS 'tokens of the answer';

COMMENT ON COLUMN captions."finish_reason" IS 'stop: the model ended; length: it was cut at the limit';

COMMENT ON COLUMN captions."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN captions."model" IS 'model that answered';

COMMENT ON COLUMN captions."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN captions."engine" IS 'engine that ran it; af3+authors where --prompt-form was authors';

COMMENT ON COLUMN captions."task_hash" IS 'hash of the resolved task: prompt, weights, decoding settings';

COMMENT ON COLUMN captions."run_id" IS 'run that made the row';

COMMENT ON COLUMN captions."generated_at" IS 'when the model answered';

COMMENT ON COLUMN captions."examples" IS 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not';

COMMENT ON COLUMN captions."thinking" IS 'reasoning before it';

COMMENT ON COLUMN captions."text" IS 'caption';

COMMENT ON COLUMN captions."channel" IS 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard';

CREATE OR REPLACE VIEW transcripts AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, task_id, prompt_id, mean_logprob, token_count, finish_reason, flags, model, weights_revision, engine, task_hash, run_id, generated_at, examples, word_count, text, channel, language, language_probability FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS task_id, CAST(NULL AS VARCHAR) AS prompt_id, CAST(NULL AS DOUBLE) AS mean_logprob, CAST(NULL AS BIGINT) AS token_count, CAST(NULL AS VARCHAR) AS finish_reason, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS engine, CAST(NULL AS VARCHAR) AS task_hash, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at, CAST(NULL AS STRUCT(recording_id VARCHAR, segment_id VARCHAR, distance DOUBLE, form VARCHAR)[]) AS examples, CAST(NULL AS BIGINT) AS word_count, CAST(NULL AS VARCHAR) AS text, CAST(NULL AS BIGINT) AS channel, CAST(NULL AS VARCHAR) AS language, CAST(NULL AS DOUBLE) AS language_probability WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/transcripts/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW transcripts IS 'what is said';

COMMENT ON COLUMN transcripts."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN transcripts."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN transcripts."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN transcripts."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN transcripts."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN transcripts."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN transcripts."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN transcripts."task_id" IS 'task of the configuration that asked';

COMMENT ON COLUMN transcripts."prompt_id" IS 'identity of the exact prompt text';

COMMENT ON COLUMN transcripts."mean_logprob" IS 'mean log-probability of the tokens';

COMMENT ON COLUMN transcripts."token_count" IS 'tokens of the answer';

COMMENT ON COLUMN transcripts."finish_reason" IS 'stop: the model ended; length: it was cut at the limit';

COMMENT ON COLUMN transcripts."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN transcripts."model" IS 'model that answered';

COMMENT ON COLUMN transcripts."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN transcripts."engine" IS 'engine that ran it; af3+authors where --prompt-form was authors';

COMMENT ON COLUMN transcripts."task_hash" IS 'hash of the resolved task: prompt, weights, decoding settings';

COMMENT ON COLUMN transcripts."run_id" IS 'run that made the row';

COMMENT ON COLUMN transcripts."generated_at" IS 'when the model answered';

COMMENT ON COLUMN transcripts."examples" IS 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not';

COMMENT ON COLUMN transcripts."word_count" IS 'words of the transcript, in any script';

COMMENT ON COLUMN transcripts."text" IS 'transcript; empty without speech';

COMMENT ON COLUMN transcripts."channel" IS 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard';

COMMENT ON COLUMN transcripts."language" IS 'language of the text by ISO 639, likelier than any other; none where it is too short';

COMMENT ON COLUMN transcripts."language_probability" IS 'how likely that language is, from 0 to 1';

CREATE OR REPLACE VIEW answers AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, task_id, prompt_id, mean_logprob, token_count, finish_reason, flags, model, weights_revision, engine, task_hash, run_id, generated_at, examples, question, options, choice, thinking, text, channel FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS task_id, CAST(NULL AS VARCHAR) AS prompt_id, CAST(NULL AS DOUBLE) AS mean_logprob, CAST(NULL AS BIGINT) AS token_count, CAST(NULL AS VARCHAR) AS finish_reason, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS engine, CAST(NULL AS VARCHAR) AS task_hash, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at, CAST(NULL AS STRUCT(recording_id VARCHAR, segment_id VARCHAR, distance DOUBLE, form VARCHAR)[]) AS examples, CAST(NULL AS VARCHAR) AS question, CAST(NULL AS VARCHAR[]) AS options, CAST(NULL AS VARCHAR) AS choice, CAST(NULL AS VARCHAR) AS thinking, CAST(NULL AS VARCHAR) AS text, CAST(NULL AS BIGINT) AS channel WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/answers/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW answers IS 'answers to the configured questions';

COMMENT ON COLUMN answers."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN answers."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN answers."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN answers."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN answers."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN answers."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN answers."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN answers."task_id" IS 'task of the configuration that asked';

COMMENT ON COLUMN answers."prompt_id" IS 'identity of the exact prompt text';

COMMENT ON COLUMN answers."mean_logprob" IS 'mean log-probability of the tokens';

COMMENT ON COLUMN answers."token_count" IS 'tokens of the answer';

COMMENT ON COLUMN answers."finish_reason" IS 'stop: the model ended; length: it was cut at the limit';

COMMENT ON COLUMN answers."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN answers."model" IS 'model that answered';

COMMENT ON COLUMN answers."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN answers."engine" IS 'engine that ran it; af3+authors where --prompt-form was authors';

COMMENT ON COLUMN answers."task_hash" IS 'hash of the resolved task: prompt, weights, decoding settings';

COMMENT ON COLUMN answers."run_id" IS 'run that made the row';

COMMENT ON COLUMN answers."generated_at" IS 'when the model answered';

COMMENT ON COLUMN answers."examples" IS 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not';

COMMENT ON COLUMN answers."question" IS 'question as it was asked';

COMMENT ON COLUMN answers."options" IS 'options of a multiple-choice question, else empty';

COMMENT ON COLUMN answers."choice" IS 'the option that was chosen; empty if open or none was';

COMMENT ON COLUMN answers."thinking" IS 'reasoning before the answer';

COMMENT ON COLUMN answers."text" IS 'answer';

COMMENT ON COLUMN answers."channel" IS 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard';

CREATE OR REPLACE VIEW failures AS
SELECT corpus, date, stage, object_uri, recording_id, clip_id, segment_id, task_id, start_ms, end_ms, error_class, message, attempts, permanent, run_id FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS stage, CAST(NULL AS VARCHAR) AS object_uri, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS VARCHAR) AS task_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS error_class, CAST(NULL AS VARCHAR) AS message, CAST(NULL AS BIGINT) AS attempts, CAST(NULL AS BOOLEAN) AS permanent, CAST(NULL AS VARCHAR) AS run_id WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/failures/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW failures IS 'what went wrong, one row per piece of work';

COMMENT ON COLUMN failures."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN failures."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN failures."stage" IS 'discover, segment, annotate';

COMMENT ON COLUMN failures."object_uri" IS 'object of the archive';

COMMENT ON COLUMN failures."recording_id" IS 'recording, if its bytes were read';

COMMENT ON COLUMN failures."clip_id" IS 'clip, else empty';

COMMENT ON COLUMN failures."segment_id" IS 'segment, else empty';

COMMENT ON COLUMN failures."task_id" IS 'task, else empty';

COMMENT ON COLUMN failures."start_ms" IS 'start of what failed';

COMMENT ON COLUMN failures."end_ms" IS 'end of what failed';

COMMENT ON COLUMN failures."error_class" IS 'kind of error';

COMMENT ON COLUMN failures."message" IS 'what happened and what to do';

COMMENT ON COLUMN failures."attempts" IS 'how often it was tried';

COMMENT ON COLUMN failures."permanent" IS 'true: the input is at fault, a rerun does not try again';

COMMENT ON COLUMN failures."run_id" IS 'run that made the row';

CREATE OR REPLACE VIEW runs AS
SELECT corpus, date, run_id, source, started_at, published_at, recordings, failures, duration_ms, annotated_ms, skipped_ms, answers_made, model, weights_revision, configuration, software_version, objects, withdrawn, replaced, passed_over, recordings_taken_over, taken_over_ms FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS VARCHAR) AS source, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS started_at, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS published_at, CAST(NULL AS BIGINT) AS recordings, CAST(NULL AS BIGINT) AS failures, CAST(NULL AS BIGINT) AS duration_ms, CAST(NULL AS BIGINT) AS annotated_ms, CAST(NULL AS BIGINT) AS skipped_ms, CAST(NULL AS BIGINT) AS answers_made, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS configuration, CAST(NULL AS VARCHAR) AS software_version, CAST(NULL AS STRUCT(key VARCHAR, rows BIGINT, sha256 VARCHAR)[]) AS objects, CAST(NULL AS VARCHAR[]) AS withdrawn, CAST(NULL AS STRUCT(what VARCHAR, before VARCHAR, after VARCHAR, recordings BIGINT, rows BIGINT)[]) AS replaced, CAST(NULL AS STRUCT(reason VARCHAR, objects BIGINT)[]) AS passed_over, CAST(NULL AS BIGINT) AS recordings_taken_over, CAST(NULL AS BIGINT) AS taken_over_ms WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/runs/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW runs IS 'one row per run that published the partition';

COMMENT ON COLUMN runs."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN runs."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN runs."run_id" IS 'run that made the row';

COMMENT ON COLUMN runs."source" IS 'archive that was read';

COMMENT ON COLUMN runs."started_at" IS 'start of the run';

COMMENT ON COLUMN runs."published_at" IS 'when the partition was replaced';

COMMENT ON COLUMN runs."recordings" IS 'recordings of the partition';

COMMENT ON COLUMN runs."failures" IS 'failures of the partition';

COMMENT ON COLUMN runs."duration_ms" IS 'time in, all recordings';

COMMENT ON COLUMN runs."annotated_ms" IS 'time annotated';

COMMENT ON COLUMN runs."skipped_ms" IS 'time skipped, all reasons';

COMMENT ON COLUMN runs."answers_made" IS 'answers that this run asked the model for';

COMMENT ON COLUMN runs."model" IS 'model';

COMMENT ON COLUMN runs."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN runs."configuration" IS 'resolved configuration, as JSON';

COMMENT ON COLUMN runs."software_version" IS 'version of af3-archive';

COMMENT ON COLUMN runs."objects" IS 'objects that the run published';

COMMENT ON COLUMN runs."withdrawn" IS 'objects of recordings that left the partition, gone from the archive or moved';

COMMENT ON COLUMN runs."replaced" IS 'rows of a task, or segments, that the run replaced by those of another model, cutting or prompt';

COMMENT ON COLUMN runs."passed_over" IS 'objects of the day that are no recordings, counted by reason';

COMMENT ON COLUMN runs."recordings_taken_over" IS 'recordings with the clips and answers of another one of the same sound';

COMMENT ON COLUMN runs."taken_over_ms" IS 'time in, those recordings';

CREATE OR REPLACE VIEW events AS
SELECT corpus, date, recording_id, clip_id, segment_id, event_id, start_ms, end_ms, kind, label, caption, loudness_lufs, peak_dbfs, spectral_centroid_hz, pitch_hz, tempo_bpm, reverberation_s, level_change_db, mean_logprob, flags, model, weights_revision, engine, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS VARCHAR) AS event_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS kind, CAST(NULL AS VARCHAR) AS label, CAST(NULL AS VARCHAR) AS caption, CAST(NULL AS DOUBLE) AS loudness_lufs, CAST(NULL AS DOUBLE) AS peak_dbfs, CAST(NULL AS DOUBLE) AS spectral_centroid_hz, CAST(NULL AS DOUBLE) AS pitch_hz, CAST(NULL AS DOUBLE) AS tempo_bpm, CAST(NULL AS DOUBLE) AS reverberation_s, CAST(NULL AS DOUBLE) AS level_change_db, CAST(NULL AS DOUBLE) AS mean_logprob, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS engine, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/events/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW events IS 'what is heard from when to when: speech, sounds and music, measured';

COMMENT ON COLUMN events."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN events."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN events."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN events."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN events."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN events."event_id" IS 'identity of the stretch of audio and of how it was named';

COMMENT ON COLUMN events."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN events."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN events."kind" IS 'speech, sound, music, or unknown where the answers about it differ';

COMMENT ON COLUMN events."label" IS 'what it is, in the model''s words, such as a dog barking; empty if unknown';

COMMENT ON COLUMN events."caption" IS 'the model''s sentence about this stretch alone';

COMMENT ON COLUMN events."loudness_lufs" IS 'integrated loudness (BS.1770)';

COMMENT ON COLUMN events."peak_dbfs" IS 'highest sample';

COMMENT ON COLUMN events."spectral_centroid_hz" IS 'mean brightness';

COMMENT ON COLUMN events."pitch_hz" IS 'median fundamental frequency; missing where nothing is voiced';

COMMENT ON COLUMN events."tempo_bpm" IS 'beats per minute, of music';

COMMENT ON COLUMN events."reverberation_s" IS 'decay by 60 dB, estimated from the fall after the event';

COMMENT ON COLUMN events."level_change_db" IS 'mean level of its last third less that of its first';

COMMENT ON COLUMN events."mean_logprob" IS 'mean log-probability of the tokens of its name';

COMMENT ON COLUMN events."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN events."model" IS 'model that answered';

COMMENT ON COLUMN events."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN events."engine" IS 'engine that ran it; af3+authors where --prompt-form was authors';

COMMENT ON COLUMN events."run_id" IS 'run that made the row';

COMMENT ON COLUMN events."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW words AS
SELECT corpus, date, recording_id, clip_id, segment_id, task_id, start_ms, end_ms, position, word, normalised, start_char, end_char, confidence, method, aligner, aligner_revision, channel, speaker, flags, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS VARCHAR) AS task_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS BIGINT) AS position, CAST(NULL AS VARCHAR) AS word, CAST(NULL AS VARCHAR) AS normalised, CAST(NULL AS BIGINT) AS start_char, CAST(NULL AS BIGINT) AS end_char, CAST(NULL AS DOUBLE) AS confidence, CAST(NULL AS VARCHAR) AS method, CAST(NULL AS VARCHAR) AS aligner, CAST(NULL AS VARCHAR) AS aligner_revision, CAST(NULL AS BIGINT) AS channel, CAST(NULL AS VARCHAR) AS speaker, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/words/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW words IS 'when each word of a transcript is spoken';

COMMENT ON COLUMN words."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN words."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN words."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN words."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN words."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN words."task_id" IS 'task whose transcript it is of';

COMMENT ON COLUMN words."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN words."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN words."position" IS 'number of the word in its transcript, from 0';

COMMENT ON COLUMN words."word" IS 'the word as it is written, with the marks that touch it';

COMMENT ON COLUMN words."normalised" IS 'the word in lower case, without outer marks';

COMMENT ON COLUMN words."start_char" IS 'where it starts in the transcript''s text, in code points';

COMMENT ON COLUMN words."end_char" IS 'where it ends there';

COMMENT ON COLUMN words."confidence" IS 'that it is spoken there, 0 to 1; missing where its time is estimated';

COMMENT ON COLUMN words."method" IS 'pocketsphinx, ctc or attention; interpolation where its time is estimated';

COMMENT ON COLUMN words."aligner" IS 'aligner that was asked';

COMMENT ON COLUMN words."aligner_revision" IS 'of its weights (and heads) or package; empty of interpolation';

COMMENT ON COLUMN words."channel" IS 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard';

COMMENT ON COLUMN words."speaker" IS 'missing: the view spoken_words has who says it, by the turns of now';

COMMENT ON COLUMN words."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN words."run_id" IS 'run that made the row';

COMMENT ON COLUMN words."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW speaker_turns AS
SELECT corpus, date, recording_id, start_ms, end_ms, channel, voice, speaker, confidence, is_overlap, encoder, encoder_revision, turns_id, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS BIGINT) AS channel, CAST(NULL AS BIGINT) AS voice, CAST(NULL AS VARCHAR) AS speaker, CAST(NULL AS DOUBLE) AS confidence, CAST(NULL AS BOOLEAN) AS is_overlap, CAST(NULL AS VARCHAR) AS encoder, CAST(NULL AS VARCHAR) AS encoder_revision, CAST(NULL AS VARCHAR) AS turns_id, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/speaker_turns/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW speaker_turns IS 'who speaks from when to when';

COMMENT ON COLUMN speaker_turns."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN speaker_turns."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN speaker_turns."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN speaker_turns."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN speaker_turns."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN speaker_turns."channel" IS 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard';

COMMENT ON COLUMN speaker_turns."voice" IS 'number of the voice in its recording, from 1';

COMMENT ON COLUMN speaker_turns."speaker" IS 'identity of the voice in its corpus; missing where it was not compared with others';

COMMENT ON COLUMN speaker_turns."confidence" IS 'that it is this voice and no other of the recording, 0 to 1; missing where its channel says so';

COMMENT ON COLUMN speaker_turns."is_overlap" IS 'another voice speaks in the same time';

COMMENT ON COLUMN speaker_turns."encoder" IS 'encoder of voices; empty where each channel is a speaker';

COMMENT ON COLUMN speaker_turns."encoder_revision" IS 'revision of its weights';

COMMENT ON COLUMN speaker_turns."turns_id" IS 'identity of the recording''s turns: of its clips, the encoder, the rules';

COMMENT ON COLUMN speaker_turns."run_id" IS 'run that made the row';

COMMENT ON COLUMN speaker_turns."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW speakers AS
SELECT corpus, date, speaker, name, recording_count, turn_count, speech_ms, last_date, example_recording_id, example_start_ms, example_end_ms, encoder, encoder_revision, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS speaker, CAST(NULL AS VARCHAR) AS name, CAST(NULL AS BIGINT) AS recording_count, CAST(NULL AS BIGINT) AS turn_count, CAST(NULL AS BIGINT) AS speech_ms, CAST(NULL AS DATE) AS last_date, CAST(NULL AS VARCHAR) AS example_recording_id, CAST(NULL AS BIGINT) AS example_start_ms, CAST(NULL AS BIGINT) AS example_end_ms, CAST(NULL AS VARCHAR) AS encoder, CAST(NULL AS VARCHAR) AS encoder_revision, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/speakers/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW speakers IS 'one row per voice of a corpus, in the day on which it is first heard';

COMMENT ON COLUMN speakers."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN speakers."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN speakers."speaker" IS 'identity of the voice; it stays when recordings come or go';

COMMENT ON COLUMN speakers."name" IS 'name that a person gave the voice';

COMMENT ON COLUMN speakers."recording_count" IS 'recordings that it is heard in';

COMMENT ON COLUMN speakers."turn_count" IS 'its turns in them';

COMMENT ON COLUMN speakers."speech_ms" IS 'length of these turns';

COMMENT ON COLUMN speakers."last_date" IS 'archive day on which it is last heard';

COMMENT ON COLUMN speakers."example_recording_id" IS 'recording with its longest turn';

COMMENT ON COLUMN speakers."example_start_ms" IS 'start of that turn: listen there before you name it';

COMMENT ON COLUMN speakers."example_end_ms" IS 'end of that turn';

COMMENT ON COLUMN speakers."encoder" IS 'encoder of voices; empty where each channel is a speaker';

COMMENT ON COLUMN speakers."encoder_revision" IS 'revision of its weights';

COMMENT ON COLUMN speakers."run_id" IS 'run that made the row';

COMMENT ON COLUMN speakers."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW embeddings AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, audio_embedding, audio_model, caption, caption_embedding, text_model, flags, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS FLOAT[]) AS audio_embedding, CAST(NULL AS VARCHAR) AS audio_model, CAST(NULL AS VARCHAR) AS caption, CAST(NULL AS FLOAT[]) AS caption_embedding, CAST(NULL AS VARCHAR) AS text_model, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/embeddings/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW embeddings IS 'where each annotated segment lies among all: by its sound, and by its caption';

COMMENT ON COLUMN embeddings."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN embeddings."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN embeddings."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN embeddings."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN embeddings."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN embeddings."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN embeddings."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN embeddings."audio_embedding" IS 'AF-Whisper''s states, averaged over time, of length 1; missing from a served model';

COMMENT ON COLUMN embeddings."audio_model" IS 'model and revision of the audio embedding, else empty';

COMMENT ON COLUMN embeddings."caption" IS 'caption that was embedded; empty where there is none';

COMMENT ON COLUMN embeddings."caption_embedding" IS 'the caption''s embedding, of length 1; missing where there is no caption';

COMMENT ON COLUMN embeddings."text_model" IS 'model and revision of the caption''s embedding';

COMMENT ON COLUMN embeddings."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN embeddings."run_id" IS 'run that made the row';

COMMENT ON COLUMN embeddings."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW text_embeddings AS
SELECT corpus, date, recording_id, kind, segment_id, start_ms, end_ms, text_hash, text_embedding, text_model, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS kind, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS text_hash, CAST(NULL AS FLOAT[]) AS text_embedding, CAST(NULL AS VARCHAR) AS text_model, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/text_embeddings/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW text_embeddings IS 'where texts that are searched lie among all: one row per segment, clip, chapter, recording';

COMMENT ON COLUMN text_embeddings."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN text_embeddings."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN text_embeddings."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN text_embeddings."kind" IS 'segment, clip, chapter or recording';

COMMENT ON COLUMN text_embeddings."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN text_embeddings."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN text_embeddings."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN text_embeddings."text_hash" IS 'hash of the text that was embedded';

COMMENT ON COLUMN text_embeddings."text_embedding" IS 'the text''s embedding, of length 1';

COMMENT ON COLUMN text_embeddings."text_model" IS 'model and revision of the embedding';

COMMENT ON COLUMN text_embeddings."run_id" IS 'run that made the row';

COMMENT ON COLUMN text_embeddings."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW pairs AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, pair_id, skill, question, options, answer, made_by, evidence, self_check, audio_answer, agrees, flags, model, weights_revision, engine, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS pair_id, CAST(NULL AS VARCHAR) AS skill, CAST(NULL AS VARCHAR) AS question, CAST(NULL AS VARCHAR[]) AS options, CAST(NULL AS VARCHAR) AS answer, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS STRUCT(kind VARCHAR, text VARCHAR, start_ms BIGINT, end_ms BIGINT)[]) AS evidence, CAST(NULL AS VARCHAR) AS self_check, CAST(NULL AS VARCHAR) AS audio_answer, CAST(NULL AS BOOLEAN) AS agrees, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS engine, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/pairs/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW pairs IS 'questions with answers for training, by skill; every row obeys the rules of its skill';

COMMENT ON COLUMN pairs."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN pairs."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN pairs."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN pairs."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN pairs."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN pairs."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN pairs."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN pairs."pair_id" IS 'identity of question, options and audio';

COMMENT ON COLUMN pairs."skill" IS 'skill of the catalogue (af3 skills list)';

COMMENT ON COLUMN pairs."question" IS 'question';

COMMENT ON COLUMN pairs."options" IS 'options in the order in which they are asked; empty if open';

COMMENT ON COLUMN pairs."answer" IS 'right answer; one of the options where there are any';

COMMENT ON COLUMN pairs."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN pairs."evidence" IS 'what the pair was made from: events, captions, transcripts, descriptors';

COMMENT ON COLUMN pairs."self_check" IS 'pass: the language model stands by its pair; empty if made by rules';

COMMENT ON COLUMN pairs."audio_answer" IS 'what the audio model answers to the question';

COMMENT ON COLUMN pairs."agrees" IS 'the audio model gives the right answer';

COMMENT ON COLUMN pairs."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN pairs."model" IS 'model that answered';

COMMENT ON COLUMN pairs."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN pairs."engine" IS 'engine that ran it; af3+authors where --prompt-form was authors';

COMMENT ON COLUMN pairs."run_id" IS 'run that made the row';

COMMENT ON COLUMN pairs."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW rejected_pairs AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, skill, question, options, answer, made_by, reason, detail, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS skill, CAST(NULL AS VARCHAR) AS question, CAST(NULL AS VARCHAR[]) AS options, CAST(NULL AS VARCHAR) AS answer, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS VARCHAR) AS detail, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/rejected_pairs/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW rejected_pairs IS 'pairs that were proposed and not kept, with the reason';

COMMENT ON COLUMN rejected_pairs."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN rejected_pairs."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN rejected_pairs."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN rejected_pairs."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN rejected_pairs."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN rejected_pairs."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN rejected_pairs."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN rejected_pairs."skill" IS 'skill of the catalogue (af3 skills list)';

COMMENT ON COLUMN rejected_pairs."question" IS 'question';

COMMENT ON COLUMN rejected_pairs."options" IS 'options in the order in which they are asked; empty if open';

COMMENT ON COLUMN rejected_pairs."answer" IS 'right answer; one of the options where there are any';

COMMENT ON COLUMN rejected_pairs."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN rejected_pairs."reason" IS 'rule that it broke, such as answer_in_question';

COMMENT ON COLUMN rejected_pairs."detail" IS 'what broke it';

COMMENT ON COLUMN rejected_pairs."run_id" IS 'run that made the row';

COMMENT ON COLUMN rejected_pairs."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW thoughts AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, pair_id, skill, question, options, answer, made_by, thinking, thinking_by, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS pair_id, CAST(NULL AS VARCHAR) AS skill, CAST(NULL AS VARCHAR) AS question, CAST(NULL AS VARCHAR[]) AS options, CAST(NULL AS VARCHAR) AS answer, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS VARCHAR) AS thinking, CAST(NULL AS VARCHAR) AS thinking_by, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/thoughts/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW thoughts IS 'thinking before the answers of pairs, for training; every row passed all checks';

COMMENT ON COLUMN thoughts."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN thoughts."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN thoughts."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN thoughts."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN thoughts."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN thoughts."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN thoughts."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN thoughts."pair_id" IS 'pair whose answer it leads to';

COMMENT ON COLUMN thoughts."skill" IS 'skill of the catalogue (af3 skills list)';

COMMENT ON COLUMN thoughts."question" IS 'question';

COMMENT ON COLUMN thoughts."options" IS 'options in the order in which they are asked; empty if open';

COMMENT ON COLUMN thoughts."answer" IS 'right answer; one of the options where there are any';

COMMENT ON COLUMN thoughts."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN thoughts."thinking" IS 'what a listener thinks before the answer';

COMMENT ON COLUMN thoughts."thinking_by" IS 'language model that wrote the thinking';

COMMENT ON COLUMN thoughts."run_id" IS 'run that made the row';

COMMENT ON COLUMN thoughts."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW rejected_thoughts AS
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, pair_id, skill, question, options, answer, made_by, thinking, thinking_by, reason, detail, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS clip_id, CAST(NULL AS VARCHAR) AS segment_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS pair_id, CAST(NULL AS VARCHAR) AS skill, CAST(NULL AS VARCHAR) AS question, CAST(NULL AS VARCHAR[]) AS options, CAST(NULL AS VARCHAR) AS answer, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS VARCHAR) AS thinking, CAST(NULL AS VARCHAR) AS thinking_by, CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS VARCHAR) AS detail, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/rejected_thoughts/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW rejected_thoughts IS 'thinking that was written and not kept, with the reason';

COMMENT ON COLUMN rejected_thoughts."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN rejected_thoughts."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN rejected_thoughts."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN rejected_thoughts."clip_id" IS 'clip of the recording, one FLAC object';

COMMENT ON COLUMN rejected_thoughts."segment_id" IS 'segment of the clip; empty where the unit is the clip';

COMMENT ON COLUMN rejected_thoughts."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN rejected_thoughts."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN rejected_thoughts."pair_id" IS 'pair whose answer it leads to';

COMMENT ON COLUMN rejected_thoughts."skill" IS 'skill of the catalogue (af3 skills list)';

COMMENT ON COLUMN rejected_thoughts."question" IS 'question';

COMMENT ON COLUMN rejected_thoughts."options" IS 'options in the order in which they are asked; empty if open';

COMMENT ON COLUMN rejected_thoughts."answer" IS 'right answer; one of the options where there are any';

COMMENT ON COLUMN rejected_thoughts."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN rejected_thoughts."thinking" IS 'what a listener thinks before the answer';

COMMENT ON COLUMN rejected_thoughts."thinking_by" IS 'language model that wrote the thinking';

COMMENT ON COLUMN rejected_thoughts."reason" IS 'check that it did not pass, such as leads_elsewhere';

COMMENT ON COLUMN rejected_thoughts."detail" IS 'what was found';

COMMENT ON COLUMN rejected_thoughts."run_id" IS 'run that made the row';

COMMENT ON COLUMN rejected_thoughts."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW summaries AS
SELECT corpus, date, recording_id, duration_ms, summary, chapter_count, transcript, transcript_spans, made_by, flags, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS BIGINT) AS duration_ms, CAST(NULL AS VARCHAR) AS summary, CAST(NULL AS BIGINT) AS chapter_count, CAST(NULL AS VARCHAR) AS transcript, CAST(NULL AS STRUCT(segment_id VARCHAR, start_ms BIGINT, end_ms BIGINT, start_char BIGINT, end_char BIGINT)[]) AS transcript_spans, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/summaries/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW summaries IS 'one row per recording: what it is about, and all that is said in it';

COMMENT ON COLUMN summaries."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN summaries."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN summaries."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN summaries."duration_ms" IS 'length of the recording';

COMMENT ON COLUMN summaries."summary" IS 'summary of the whole recording';

COMMENT ON COLUMN summaries."chapter_count" IS 'chapters';

COMMENT ON COLUMN summaries."transcript" IS 'all transcripts in order, each word once';

COMMENT ON COLUMN summaries."transcript_spans" IS 'which characters of the transcript were spoken when';

COMMENT ON COLUMN summaries."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN summaries."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN summaries."run_id" IS 'run that made the row';

COMMENT ON COLUMN summaries."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW chapters AS
SELECT corpus, date, recording_id, chapter, start_ms, end_ms, title, summary, segment_count, made_by, flags, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS BIGINT) AS chapter, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS VARCHAR) AS title, CAST(NULL AS VARCHAR) AS summary, CAST(NULL AS BIGINT) AS segment_count, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/chapters/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW chapters IS 'parts of a recording, without gap or overlap';

COMMENT ON COLUMN chapters."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN chapters."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN chapters."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN chapters."chapter" IS 'number within the recording, from 1';

COMMENT ON COLUMN chapters."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN chapters."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN chapters."title" IS 'what the chapter is about, in a few words';

COMMENT ON COLUMN chapters."summary" IS 'summary of the chapter';

COMMENT ON COLUMN chapters."segment_count" IS 'annotated segments in it';

COMMENT ON COLUMN chapters."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN chapters."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN chapters."run_id" IS 'run that made the row';

COMMENT ON COLUMN chapters."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW findings AS
SELECT corpus, date, recording_id, question_id, question, answer, citations, made_by, flags, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS question_id, CAST(NULL AS VARCHAR) AS question, CAST(NULL AS VARCHAR) AS answer, CAST(NULL AS STRUCT(segment_id VARCHAR, start_ms BIGINT, end_ms BIGINT, quote VARCHAR, score DOUBLE)[]) AS citations, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/findings/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW findings IS 'answers to questions about whole recordings, with the segments that they rest on';

COMMENT ON COLUMN findings."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN findings."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN findings."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN findings."question_id" IS 'identity of the question';

COMMENT ON COLUMN findings."question" IS 'question about the whole recording';

COMMENT ON COLUMN findings."answer" IS 'answer; empty where nothing in the recording speaks to it';

COMMENT ON COLUMN findings."citations" IS 'segments that the answer rests on, the best first';

COMMENT ON COLUMN findings."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN findings."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN findings."run_id" IS 'run that made the row';

COMMENT ON COLUMN findings."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW descriptions AS
SELECT corpus, date, recording_id, description_id, text, voice, backend, voice_revision, speaker_revision, speed, sound_uri, duration_ms, first_audio_ms, real_time_factor, flags, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS description_id, CAST(NULL AS VARCHAR) AS text, CAST(NULL AS VARCHAR) AS voice, CAST(NULL AS VARCHAR) AS backend, CAST(NULL AS VARCHAR) AS voice_revision, CAST(NULL AS VARCHAR) AS speaker_revision, CAST(NULL AS DOUBLE) AS speed, CAST(NULL AS VARCHAR) AS sound_uri, CAST(NULL AS BIGINT) AS duration_ms, CAST(NULL AS DOUBLE) AS first_audio_ms, CAST(NULL AS DOUBLE) AS real_time_factor, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/descriptions/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW descriptions IS 'spoken descriptions of recordings, for who listens rather than reads';

COMMENT ON COLUMN descriptions."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN descriptions."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN descriptions."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN descriptions."description_id" IS 'identity of the text, the voice, its speaker and its speed';

COMMENT ON COLUMN descriptions."text" IS 'what is spoken: name, day and length, summary, chapters with their times';

COMMENT ON COLUMN descriptions."voice" IS 'voice and speaker';

COMMENT ON COLUMN descriptions."backend" IS 'espeak, vits or pocket_tts';

COMMENT ON COLUMN descriptions."voice_revision" IS 'hub commit, hash of the voice''s files, or version of its package';

COMMENT ON COLUMN descriptions."speaker_revision" IS 'hash of the recording of the speaker; missing for a speaker of the voice''s own';

COMMENT ON COLUMN descriptions."speed" IS '2 is twice as fast as the voice''s own';

COMMENT ON COLUMN descriptions."sound_uri" IS 'Opus object (Ogg), below the folder of the tables';

COMMENT ON COLUMN descriptions."duration_ms" IS 'length of the speech';

COMMENT ON COLUMN descriptions."first_audio_ms" IS 'from the text to the first chunk of speech, when it was made';

COMMENT ON COLUMN descriptions."real_time_factor" IS 'time to speak it over its length; below 1 is faster';

COMMENT ON COLUMN descriptions."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN descriptions."run_id" IS 'run that made the row';

COMMENT ON COLUMN descriptions."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW dialogues AS
SELECT corpus, date, recording_id, dialogue_id, start_ms, end_ms, sounds, turns, sound_count, turn_count, made_by, self_check, flags, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS dialogue_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS STRUCT(segment_id VARCHAR, recording_id VARCHAR, clip_uri VARCHAR, clip_start_ms BIGINT, start_ms BIGINT, end_ms BIGINT, relation VARCHAR, distance DOUBLE)[]) AS sounds, CAST(NULL AS STRUCT(role VARCHAR, text VARCHAR)[]) AS turns, CAST(NULL AS BIGINT) AS sound_count, CAST(NULL AS BIGINT) AS turn_count, CAST(NULL AS VARCHAR) AS made_by, CAST(NULL AS VARCHAR) AS self_check, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/dialogues/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW dialogues IS 'conversations of several turns about several sounds, for training';

COMMENT ON COLUMN dialogues."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN dialogues."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN dialogues."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN dialogues."dialogue_id" IS 'identity of sounds and turns';

COMMENT ON COLUMN dialogues."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN dialogues."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN dialogues."sounds" IS 'segments that the conversation is about; <sound-1> in a turn is the first';

COMMENT ON COLUMN dialogues."turns" IS 'human and gpt in turn';

COMMENT ON COLUMN dialogues."sound_count" IS 'sounds';

COMMENT ON COLUMN dialogues."turn_count" IS 'questions, each with its answer';

COMMENT ON COLUMN dialogues."made_by" IS 'rules (exact by construction), or the language model that wrote it';

COMMENT ON COLUMN dialogues."self_check" IS 'pass: the language model stands by it; empty if made by rules';

COMMENT ON COLUMN dialogues."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN dialogues."run_id" IS 'run that made the row';

COMMENT ON COLUMN dialogues."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW chats AS
SELECT corpus, date, recording_id, chat_id, name, start_ms, end_ms, sounds, turns, flags, model, weights_revision, engine, run_id, generated_at FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS chat_id, CAST(NULL AS VARCHAR) AS name, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS STRUCT(segment_id VARCHAR, recording_id VARCHAR, clip_uri VARCHAR, clip_start_ms BIGINT, start_ms BIGINT, end_ms BIGINT, relation VARCHAR, distance DOUBLE)[]) AS sounds, CAST(NULL AS STRUCT(role VARCHAR, text VARCHAR, mean_logprob DOUBLE, finish_reason VARCHAR)[]) AS turns, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS engine, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/chats/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW chats IS 'scripted conversations that the audio model answered';

COMMENT ON COLUMN chats."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN chats."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN chats."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN chats."chat_id" IS 'identity of script, sounds and model';

COMMENT ON COLUMN chats."name" IS 'name of the conversation in its file';

COMMENT ON COLUMN chats."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN chats."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN chats."sounds" IS 'segments that the conversation is about; <sound-1> in a turn is the first';

COMMENT ON COLUMN chats."turns" IS 'user and assistant in turn';

COMMENT ON COLUMN chats."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN chats."model" IS 'model that answered';

COMMENT ON COLUMN chats."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN chats."engine" IS 'engine that ran it; af3+authors where --prompt-form was authors';

COMMENT ON COLUMN chats."run_id" IS 'run that made the row';

COMMENT ON COLUMN chats."generated_at" IS 'when the row was made';

CREATE OR REPLACE VIEW evaluations AS
SELECT corpus, date, item_id, evaluation_id, groups, sounds, question, options, answers, prompt, prompt_form, prediction, thinking, metric, read_as, score, weight, official_score, official_weight, similarity, judge, judge_reply, fault, error, flags, mean_logprob, token_count, model, weights_revision, engine, dtype, settings, run_id, generated_at, official_read_as FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS item_id, CAST(NULL AS VARCHAR) AS evaluation_id, CAST(NULL AS VARCHAR[]) AS groups, CAST(NULL AS VARCHAR[]) AS sounds, CAST(NULL AS VARCHAR) AS question, CAST(NULL AS VARCHAR[]) AS options, CAST(NULL AS VARCHAR[]) AS answers, CAST(NULL AS VARCHAR) AS prompt, CAST(NULL AS VARCHAR) AS prompt_form, CAST(NULL AS VARCHAR) AS prediction, CAST(NULL AS VARCHAR) AS thinking, CAST(NULL AS VARCHAR) AS metric, CAST(NULL AS VARCHAR) AS read_as, CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS weight, CAST(NULL AS DOUBLE) AS official_score, CAST(NULL AS DOUBLE) AS official_weight, CAST(NULL AS DOUBLE) AS similarity, CAST(NULL AS VARCHAR) AS judge, CAST(NULL AS VARCHAR) AS judge_reply, CAST(NULL AS VARCHAR) AS fault, CAST(NULL AS VARCHAR) AS error, CAST(NULL AS VARCHAR[]) AS flags, CAST(NULL AS DOUBLE) AS mean_logprob, CAST(NULL AS BIGINT) AS token_count, CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS weights_revision, CAST(NULL AS VARCHAR) AS engine, CAST(NULL AS VARCHAR) AS dtype, CAST(NULL AS VARCHAR) AS settings, CAST(NULL AS VARCHAR) AS run_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS generated_at, CAST(NULL AS VARCHAR) AS official_read_as WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/evaluations/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW evaluations IS 'one row per item of a benchmark and evaluation; corpus is the benchmark, date the day when it was first asked';

COMMENT ON COLUMN evaluations."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN evaluations."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN evaluations."item_id" IS 'item of the benchmark, as published';

COMMENT ON COLUMN evaluations."evaluation_id" IS 'identity of model, prompt form and settings; equal ones are compared';

COMMENT ON COLUMN evaluations."groups" IS 'what results are also given by, such as task=sound';

COMMENT ON COLUMN evaluations."sounds" IS 'objects of the sounds, below the benchmark''s data';

COMMENT ON COLUMN evaluations."question" IS 'question as published';

COMMENT ON COLUMN evaluations."options" IS 'options in their published order; empty if open';

COMMENT ON COLUMN evaluations."answers" IS 'all right answers; empty where the publisher keeps them';

COMMENT ON COLUMN evaluations."prompt" IS 'what the model was asked';

COMMENT ON COLUMN evaluations."prompt_form" IS 'published, or thinking';

COMMENT ON COLUMN evaluations."prediction" IS 'what the model answered, thinking taken off';

COMMENT ON COLUMN evaluations."thinking" IS 'reasoning before the answer';

COMMENT ON COLUMN evaluations."metric" IS 'accuracy, wer, cider_d or judge';

COMMENT ON COLUMN evaluations."read_as" IS 'what the metric read out of the prediction';

COMMENT ON COLUMN evaluations."score" IS 'what it is worth; a figure is the sum of scores over that of weights';

COMMENT ON COLUMN evaluations."weight" IS '1, or the reference''s words; missing where nothing can be scored';

COMMENT ON COLUMN evaluations."official_score" IS 'by the official script as it stands, where that differs';

COMMENT ON COLUMN evaluations."official_weight" IS '0 where the official script drops the row';

COMMENT ON COLUMN evaluations."similarity" IS 'of a caption to the nearest reference, by their embeddings';

COMMENT ON COLUMN evaluations."judge" IS 'model that judged, else empty';

COMMENT ON COLUMN evaluations."judge_reply" IS 'what the judge said, else empty';

COMMENT ON COLUMN evaluations."fault" IS 'what is wrong with the published item, else empty; it stays in the figure';

COMMENT ON COLUMN evaluations."error" IS 'why there is no prediction, else empty; it stays in the figure';

COMMENT ON COLUMN evaluations."flags" IS 'reasons to doubt the row; flagged rows stay';

COMMENT ON COLUMN evaluations."mean_logprob" IS 'mean log-probability of the answer''s tokens';

COMMENT ON COLUMN evaluations."token_count" IS 'tokens of the answer';

COMMENT ON COLUMN evaluations."model" IS 'model that answered';

COMMENT ON COLUMN evaluations."weights_revision" IS 'revision of its weights';

COMMENT ON COLUMN evaluations."engine" IS 'engine that ran it; af3+authors where --prompt-form was authors';

COMMENT ON COLUMN evaluations."dtype" IS 'numbers that it computed in';

COMMENT ON COLUMN evaluations."settings" IS 'all that decides the answers, as JSON';

COMMENT ON COLUMN evaluations."run_id" IS 'run that made the row';

COMMENT ON COLUMN evaluations."generated_at" IS 'when the row was made';

COMMENT ON COLUMN evaluations."official_read_as" IS 'what the official script reads out of the prediction, empty for nothing; missing where it says right or wrong alone';

CREATE OR REPLACE VIEW corrections AS
SELECT corpus, date, correction_id, batch_id, recording_id, content_sha256, source, task_id, start_ms, end_ms, channel, kind, aspect, old_value, new_value, new_word_count, reason, corrected_by, corrected_at, undone_by, undone_at, new_start_ms, new_end_ms, sound_sha256, settled_by, settled_at, settled_value FROM (SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, CAST(NULL AS VARCHAR) AS correction_id, CAST(NULL AS VARCHAR) AS batch_id, CAST(NULL AS VARCHAR) AS recording_id, CAST(NULL AS VARCHAR) AS content_sha256, CAST(NULL AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS task_id, CAST(NULL AS BIGINT) AS start_ms, CAST(NULL AS BIGINT) AS end_ms, CAST(NULL AS BIGINT) AS channel, CAST(NULL AS VARCHAR) AS kind, CAST(NULL AS VARCHAR) AS aspect, CAST(NULL AS VARCHAR) AS old_value, CAST(NULL AS VARCHAR) AS new_value, CAST(NULL AS BIGINT) AS new_word_count, CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS VARCHAR) AS corrected_by, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS corrected_at, CAST(NULL AS VARCHAR) AS undone_by, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS undone_at, CAST(NULL AS BIGINT) AS new_start_ms, CAST(NULL AS BIGINT) AS new_end_ms, CAST(NULL AS VARCHAR) AS sound_sha256, CAST(NULL AS VARCHAR) AS settled_by, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS settled_at, CAST(NULL AS VARCHAR) AS settled_value WHERE false UNION ALL BY NAME SELECT * FROM read_parquet('FOLDER/tables/corrections/corpus=*/date=*/part-*.parquet', hive_partitioning = true, hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true, allow_empty = true));

COMMENT ON VIEW corrections IS 'one row per correction by a person; the views corrected_… show what counts';

COMMENT ON COLUMN corrections."corpus" IS 'corpus, from the object''s path';

COMMENT ON COLUMN corrections."date" IS 'archive day, from the object''s path';

COMMENT ON COLUMN corrections."correction_id" IS 'correction';

COMMENT ON COLUMN corrections."batch_id" IS 'batch: what one person said at once';

COMMENT ON COLUMN corrections."recording_id" IS 'recording: start of the SHA-256 of its bytes';

COMMENT ON COLUMN corrections."content_sha256" IS 'SHA-256 of the recording''s bytes';

COMMENT ON COLUMN corrections."source" IS 'table of the row, such as captions, transcripts or events';

COMMENT ON COLUMN corrections."task_id" IS 'task of the answer; else empty';

COMMENT ON COLUMN corrections."start_ms" IS 'start, from the start of the recording';

COMMENT ON COLUMN corrections."end_ms" IS 'end, from the start of the recording';

COMMENT ON COLUMN corrections."channel" IS 'channel of the answer, from 0; else none';

COMMENT ON COLUMN corrections."kind" IS 'text, empty, choice, name, times, wrong, right, flag_set or flag_lifted';

COMMENT ON COLUMN corrections."aspect" IS 'value, times, or flag: and its name; of two of one aspect one is shown';

COMMENT ON COLUMN corrections."old_value" IS 'what the model had given when it was corrected';

COMMENT ON COLUMN corrections."new_value" IS 'text, option, name, times in ms or flag; else empty';

COMMENT ON COLUMN corrections."new_word_count" IS 'words of a text, in any script';

COMMENT ON COLUMN corrections."reason" IS 'why, in the person''s words';

COMMENT ON COLUMN corrections."corrected_by" IS 'who';

COMMENT ON COLUMN corrections."corrected_at" IS 'when';

COMMENT ON COLUMN corrections."undone_by" IS 'who undid it; none where it counts';

COMMENT ON COLUMN corrections."undone_at" IS 'when it was undone';

COMMENT ON COLUMN corrections."new_start_ms" IS 'start that a person gave';

COMMENT ON COLUMN corrections."new_end_ms" IS 'end that a person gave';

COMMENT ON COLUMN corrections."sound_sha256" IS 'of the recording''s sound: the correction is of all recordings that have it';

COMMENT ON COLUMN corrections."settled_by" IS 'who said last that it holds';

COMMENT ON COLUMN corrections."settled_at" IS 'when that was said';

COMMENT ON COLUMN corrections."settled_value" IS 'what its row said then: the correction is of that too';

CREATE OR REPLACE VIEW heard_corrections AS
SELECT r.corpus, r.date, r.recording_id,
  c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at, c.source, c.task_id, c.channel, c.start_ms, c.end_ms, c.settled_value
FROM (
  SELECT h.corpus, h.date, h.recording_id, unnest([h.recording_id, h.sound_sha256]) AS heard
  FROM recordings AS h
) AS r
JOIN (
  SELECT k.corpus, k.correction_id, k.batch_id, k.kind, k.aspect, k.old_value, k.new_value, k.new_word_count, k.new_start_ms, k.new_end_ms, k.reason, k.corrected_by, k.corrected_at, k.settled_at, k.source, k.task_id, k.channel, k.start_ms, k.end_ms, k.settled_value,
    unnest([k.recording_id, k.sound_sha256]) AS heard
  FROM corrections AS k
  WHERE k.undone_at IS NULL
) AS c
  ON c.corpus = r.corpus AND c.heard = r.heard
WHERE r.heard <> '';

COMMENT ON VIEW heard_corrections IS 'one row per correction that is not undone, recording that it is of, and reason: identifier or sound';

CREATE OR REPLACE VIEW placed_captions AS
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
          FROM captions AS x
          JOIN heard_corrections AS c
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

COMMENT ON VIEW placed_captions IS 'one row per correction and row of captions that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW placed_transcripts AS
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
          FROM transcripts AS x
          JOIN heard_corrections AS c
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

COMMENT ON VIEW placed_transcripts IS 'one row per correction and row of transcripts that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW placed_answers AS
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
          FROM answers AS x
          JOIN heard_corrections AS c
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

COMMENT ON VIEW placed_answers IS 'one row per correction and row of answers that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW placed_events AS
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
          FROM events AS x
          JOIN heard_corrections AS c
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

COMMENT ON VIEW placed_events IS 'one row per correction and row of events that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW placed_words AS
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
          FROM words AS x
          JOIN heard_corrections AS c
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

COMMENT ON VIEW placed_words IS 'one row per correction and row of words that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW placed_speaker_turns AS
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
          FROM speaker_turns AS x
          JOIN heard_corrections AS c
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

COMMENT ON VIEW placed_speaker_turns IS 'one row per correction and row of speaker_turns that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW placed_chapters AS
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
          FROM chapters AS x
          JOIN heard_corrections AS c
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

COMMENT ON VIEW placed_chapters IS 'one row per correction and row of chapters that it is of; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW placed_corrections AS
SELECT 'captions' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM placed_captions
UNION ALL
SELECT 'transcripts' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM placed_transcripts
UNION ALL
SELECT 'answers' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, '' AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM placed_answers
UNION ALL
SELECT 'events' AS source, corpus, date, recording_id, clip_id, segment_id, '' AS task_id, '' AS task_hash, CAST(event_id AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM placed_events
UNION ALL
SELECT 'words' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, '' AS task_hash, CAST(position AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM placed_words
UNION ALL
SELECT 'speaker_turns' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(voice AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM placed_speaker_turns
UNION ALL
SELECT 'chapters' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(chapter AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM placed_chapters;

COMMENT ON VIEW placed_corrections IS 'one row per correction that is not undone and row that it is of, of all tables; fits says that the row says what was corrected, counts that it can be shown, place 1 that it is';

CREATE OR REPLACE VIEW corrected_captions AS
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
  CASE WHEN s.has_flags = 1 THEN LIST_SORT(LIST_DISTINCT(LIST_CONCAT(LIST_FILTER(t.flags, lambda f: NOT LIST_CONTAINS(COALESCE(s.flags_lifted, CAST([] AS VARCHAR[])), f)), COALESCE(s.flags_set, CAST([] AS VARCHAR[]))))) ELSE t.flags END AS flags,
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
FROM captions AS t
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
    FROM placed_captions AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

COMMENT ON VIEW corrected_captions IS 'captions with what people corrected in the place of it; original_… is what was made';

CREATE OR REPLACE VIEW corrected_transcripts AS
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
  CASE WHEN s.has_flags = 1 THEN LIST_SORT(LIST_DISTINCT(LIST_CONCAT(LIST_FILTER(t.flags, lambda f: NOT LIST_CONTAINS(COALESCE(s.flags_lifted, CAST([] AS VARCHAR[])), f)), COALESCE(s.flags_set, CAST([] AS VARCHAR[]))))) ELSE t.flags END AS flags,
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
FROM transcripts AS t
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
    FROM placed_transcripts AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

COMMENT ON VIEW corrected_transcripts IS 'transcripts with what people corrected in the place of it; original_… is what was made';

CREATE OR REPLACE VIEW corrected_answers AS
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
  CASE WHEN s.has_flags = 1 THEN LIST_SORT(LIST_DISTINCT(LIST_CONCAT(LIST_FILTER(t.flags, lambda f: NOT LIST_CONTAINS(COALESCE(s.flags_lifted, CAST([] AS VARCHAR[])), f)), COALESCE(s.flags_set, CAST([] AS VARCHAR[]))))) ELSE t.flags END AS flags,
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
FROM answers AS t
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
    FROM placed_answers AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

COMMENT ON VIEW corrected_answers IS 'answers with what people corrected in the place of it; original_… is what was made';

CREATE OR REPLACE VIEW corrected_events AS
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
  CASE WHEN s.has_flags = 1 THEN LIST_SORT(LIST_DISTINCT(LIST_CONCAT(LIST_FILTER(t.flags, lambda f: NOT LIST_CONTAINS(COALESCE(s.flags_lifted, CAST([] AS VARCHAR[])), f)), COALESCE(s.flags_set, CAST([] AS VARCHAR[]))))) ELSE t.flags END AS flags,
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
FROM events AS t
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
    FROM placed_events AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.event_id
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.event_id = t.event_id;

COMMENT ON VIEW corrected_events IS 'events with what people corrected in the place of it; original_… is what was made';

CREATE OR REPLACE VIEW corrected_words AS
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
FROM words AS t
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
    FROM placed_words AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.position
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.position = t.position;

COMMENT ON VIEW corrected_words IS 'words with what people corrected in the place of it; original_… is what was made';

CREATE OR REPLACE VIEW corrected_speaker_turns AS
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
FROM speaker_turns AS t
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
    FROM placed_speaker_turns AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.voice
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.voice = t.voice
LEFT JOIN speakers AS v
  ON v.corpus = t.corpus AND v.speaker = t.speaker;

COMMENT ON VIEW corrected_speaker_turns IS 'speaker_turns with what people corrected in the place of it; original_… is what was made';

CREATE OR REPLACE VIEW corrected_chapters AS
SELECT t.corpus, t.date,
  t.recording_id,
  t.chapter,
  COALESCE(s.new_start_ms, t.start_ms) AS start_ms,
  COALESCE(s.new_end_ms, t.end_ms) AS end_ms,
  CASE WHEN s.value_kind IN ('text', 'empty', 'choice', 'name') THEN s.value ELSE t.title END AS title,
  t.summary,
  t.segment_count,
  t.made_by,
  CASE WHEN s.has_flags = 1 THEN LIST_SORT(LIST_DISTINCT(LIST_CONCAT(LIST_FILTER(t.flags, lambda f: NOT LIST_CONTAINS(COALESCE(s.flags_lifted, CAST([] AS VARCHAR[])), f)), COALESCE(s.flags_set, CAST([] AS VARCHAR[]))))) ELSE t.flags END AS flags,
  t.run_id,
  t.generated_at,
  t.title AS original_title,
  t.flags AS original_flags,
  t.start_ms AS original_start_ms,
  t.end_ms AS original_end_ms,
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM chapters AS t
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
    FROM placed_chapters AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.chapter
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.chapter = t.chapter;

COMMENT ON VIEW corrected_chapters IS 'chapters with what people corrected in the place of it; original_… is what was made';

CREATE OR REPLACE VIEW annotated_segments AS
SELECT s.corpus, s.date, s.recording_id, r.object_uri, s.segment_id,
  s.start_ms / 1e3 AS start_s, s.end_ms / 1e3 AS end_s, s.speech_ms / 1e3 AS speech_s,
  s.loudness_lufs, s.status, c.caption, t.transcript, a.answers, s.clip_uri
FROM segments AS s
JOIN recordings AS r
  ON r.corpus = s.corpus AND r.date = s.date AND r.recording_id = s.recording_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, STRING_AGG(text, chr(10) ORDER BY task_id) AS caption
  FROM corrected_captions GROUP BY corpus, date, recording_id, segment_id
) AS c
  ON c.corpus = s.corpus AND c.date = s.date AND c.recording_id = s.recording_id
  AND c.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, STRING_AGG(text, chr(10) ORDER BY task_id) AS transcript
  FROM corrected_transcripts GROUP BY corpus, date, recording_id, segment_id
) AS t
  ON t.corpus = s.corpus AND t.date = s.date AND t.recording_id = s.recording_id
  AND t.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id,
    STRING_AGG(CONCAT(task_id, ': ', text), chr(10) ORDER BY task_id) AS answers
  FROM corrected_answers GROUP BY corpus, date, recording_id, segment_id
) AS a
  ON a.corpus = s.corpus AND a.date = s.date AND a.recording_id = s.recording_id
  AND a.segment_id = s.segment_id;

COMMENT ON VIEW annotated_segments IS 'one row per segment: where it is, what is heard, said and answered, as people corrected it; several texts of a kind stand one a line';

CREATE OR REPLACE VIEW doubtful_rows AS
SELECT x.source, x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.task_id, x.flag, x.mean_logprob, x.text
FROM (
  SELECT 'captions' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, unnest(flags) AS flag
  FROM corrected_captions
  UNION ALL
  SELECT 'transcripts' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, unnest(flags) AS flag
  FROM corrected_transcripts
  UNION ALL
  SELECT 'answers' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, unnest(flags) AS flag
  FROM corrected_answers
) AS x
JOIN recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id;

COMMENT ON VIEW doubtful_rows IS 'one row per flag of a caption, transcript or answer, as people corrected it';

CREATE OR REPLACE VIEW hours_by_night AS
SELECT corpus, date, SUM(recordings) AS recordings, SUM(duration_ms) / 3.6e6 AS hours,
  SUM(annotated_ms) / 3.6e6 AS annotated_hours, SUM(failures) AS failures
FROM (
  SELECT corpus, date, 1 AS recordings, duration_ms, annotated_ms, 0 AS failures
  FROM recordings
  UNION ALL
  SELECT corpus, date, 0 AS recordings, 0 AS duration_ms, 0 AS annotated_ms, 1 AS failures
  FROM failures
) AS x
GROUP BY corpus, date;

COMMENT ON VIEW hours_by_night IS 'one row per corpus and archive day: what came in, what was annotated, what failed';

CREATE OR REPLACE VIEW choices_by_night AS
SELECT corpus, date, task_id, choice, COUNT(*) AS answers,
  1e0 * COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY corpus, date, task_id) AS share
FROM corrected_answers
WHERE choice <> ''
GROUP BY corpus, date, task_id, choice;

COMMENT ON VIEW choices_by_night IS 'how often each option of a multiple-choice question was chosen; share is of all choices';

CREATE OR REPLACE VIEW heard_events AS
SELECT e.corpus, e.date, e.recording_id, r.object_uri, e.event_id,
  e.start_ms / 1e3 AS start_s, e.end_ms / 1e3 AS end_s, e.kind, e.label, e.loudness_lufs, e.caption
FROM corrected_events AS e
JOIN recordings AS r
  ON r.corpus = e.corpus AND r.date = e.date AND r.recording_id = e.recording_id;

COMMENT ON VIEW heard_events IS 'one row per event as people corrected it, with its recording''s address';

CREATE OR REPLACE VIEW spoken_turns AS
SELECT t.corpus, t.date, t.recording_id, r.object_uri, t.start_ms / 1e3 AS start_s,
  t.end_ms / 1e3 AS end_s, t.channel, t.voice, t.speaker, t.name, t.confidence, t.is_overlap
FROM corrected_speaker_turns AS t
JOIN recordings AS r
  ON r.corpus = t.corpus AND r.date = t.date AND r.recording_id = t.recording_id;

COMMENT ON VIEW spoken_turns IS 'one row per turn of a speaker, with the name that the voice was given, or a person gave who speaks there, and its recording''s address';

CREATE OR REPLACE VIEW spoken_words AS
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
  FROM corrected_words AS w
  LEFT JOIN corrected_speaker_turns AS t
    ON t.corpus = w.corpus AND t.date = w.date AND t.recording_id = w.recording_id
    AND t.start_ms < w.end_ms AND t.end_ms > w.start_ms
    AND (t.channel IS NULL OR w.channel IS NULL OR t.channel = w.channel)
) AS x
JOIN recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id
WHERE x.place = 1;

COMMENT ON VIEW spoken_words IS 'one row per aligned word, with the voice that speaks longest in its time';
