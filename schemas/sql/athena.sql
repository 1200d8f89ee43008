-- External tables for Athena (engine version 3) over the tables of af3-archive.
-- Written by `python -m schemas.sql`, which fills the placeholders in as well:
-- python -m schemas.sql athena --location s3://lake/annotated --corpora radio,film
-- s3://BUCKET/PREFIX is a copy of what --out of af3 was (gcloud storage rsync -r), as Athena reads
-- S3 only. CORPORA are the corpora with commas, such as radio,film. The database is af3.
-- Athena runs one statement at a time. Times are UTC.
-- New nights are seen at once: partitions are projected from the corpora and from 2000-01-01 on.
-- Give corpus and date, or every day since then is looked for; raise that day in a young archive.
-- Tested: parsed as Athena's dialect, and the views' rows by DuckDB. Never run in Athena.

CREATE DATABASE IF NOT EXISTS af3;

CREATE EXTERNAL TABLE IF NOT EXISTS af3.recordings (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `object_uri` string COMMENT 'object that holds it',
  `duplicate_uris` array<string> COMMENT 'further objects with the same bytes',
  `content_sha256` string COMMENT 'SHA-256 of the bytes',
  `size_bytes` bigint COMMENT 'size of the object',
  `modified_at` timestamp COMMENT 'when the object was last changed',
  `container` string COMMENT 'media container',
  `codec` string COMMENT 'audio codec',
  `sample_rate_hz` bigint COMMENT 'sample rate of the source',
  `channels` bigint COMMENT 'channels of the source',
  `declared_duration_ms` bigint COMMENT 'length that the container declares',
  `duration_ms` bigint COMMENT 'time in: the decoded length, or the declared if none was decoded',
  `decoded_duration_ms` bigint COMMENT 'length that was decoded, with silence where times leave out',
  `annotated_ms` bigint COMMENT 'time that has answers',
  `skipped` array<struct<`reason`:string,`duration_ms`:bigint>> COMMENT 'time that was not annotated, by reason; with annotated_ms it makes duration_ms',
  `clip_count` bigint COMMENT 'clips',
  `segment_count` bigint COMMENT 'segments',
  `status` string COMMENT 'annotated, partial (some answers failed), nothing_heard (all of it was skipped as silent or too short), waiting to be cut, or failed',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `segmentation_hash` string COMMENT 'hash of the resolved segmentation',
  `run_id` string COMMENT 'run that made the row',
  `estimated_duration_ms` bigint COMMENT 'length by the bit rate, where none is declared',
  `start_offset_ms` bigint COMMENT 'how long after the picture or another track it starts',
  `gaps` array<struct<`start_ms`:bigint,`duration_ms`:bigint>> COMMENT 'silence that stands for what the container\'s times leave out; the first 1,000',
  `gap_ms` bigint COMMENT 'length of all gaps',
  `lost_ms` bigint COMMENT 'sound that could not be decoded, as far as it can be told',
  `notes` array<string> COMMENT 'words of the decoder, and how times were resolved',
  `tracks` array<struct<`index`:bigint,`codec`:string,`language`:string,`title`:string,`is_default`:boolean,`channels`:bigint,`declared_duration_ms`:bigint,`level_dbfs`:double,`speech_ms`:bigint>> COMMENT 'audio tracks; speech_ms was measured of those that were not heard',
  `heard_tracks` array<bigint> COMMENT 'tracks that were heard; none: an earlier release cut it, and heard the first',
  `heard_channels` string COMMENT 'mix of all, each by itself, or the number of the one that was heard',
  `heard_channel_count` bigint COMMENT 'how many channels were heard; annotated_ms counts a second once',
  `date_rule` string COMMENT 'what dated it: path, pattern, mtime, bwf, xmp or created',
  `sound_sha256` string COMMENT 'SHA-256 of the coded sound and its times: equal where only tags or container differ',
  `taken_over_from` string COMMENT 'recording of the same sound whose clips and answers these are, where it was not cut itself',
  `part_uris` array<string> COMMENT 'the objects of its tracks in order, where these are several (OP-Atom); else none'
)
COMMENT 'one row per recording of the night; times in and out add up'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/recordings/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/recordings/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.segments (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `speech_ms` bigint COMMENT 'time with speech in it',
  `starts_in_speech` boolean COMMENT 'true: cut inside speech, as no pause was near; a word may stand on both sides',
  `loudness_lufs` double COMMENT 'integrated loudness (BS.1770)',
  `peak_dbfs` double COMMENT 'highest sample',
  `spectral_centroid_hz` double COMMENT 'mean brightness',
  `status` string COMMENT 'annotated, partial, failed or skipped',
  `skip_reason` string COMMENT 'why it was skipped, else empty',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `clip_uri` string COMMENT 'FLAC object of the clip',
  `clip_start_ms` bigint COMMENT 'start of the clip, from the start of the recording',
  `segmentation_hash` string COMMENT 'hash of the resolved segmentation',
  `run_id` string COMMENT 'run that made the row',
  `channel` bigint COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard'
)
COMMENT 'one row per segment, with its measured properties'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/segments/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/segments/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.captions (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `task_id` string COMMENT 'task of the configuration that asked',
  `prompt_id` string COMMENT 'identity of the exact prompt text',
  `mean_logprob` double COMMENT 'mean log-probability of the tokens',
  `token_count` bigint COMMENT 'tokens of the answer',
  `finish_reason` string COMMENT 'stop: the model ended; length: it was cut at the limit',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `model` string COMMENT 'model that answered',
  `weights_revision` string COMMENT 'revision of its weights',
  `engine` string COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  `task_hash` string COMMENT 'hash of the resolved task: prompt, weights, decoding settings',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the model answered',
  `examples` array<struct<`recording_id`:string,`segment_id`:string,`distance`:double,`form`:string>> COMMENT 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not',
  `thinking` string COMMENT 'reasoning before it',
  `text` string COMMENT 'caption',
  `channel` bigint COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard'
)
COMMENT 'what is heard, in words'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/captions/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/captions/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.transcripts (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `task_id` string COMMENT 'task of the configuration that asked',
  `prompt_id` string COMMENT 'identity of the exact prompt text',
  `mean_logprob` double COMMENT 'mean log-probability of the tokens',
  `token_count` bigint COMMENT 'tokens of the answer',
  `finish_reason` string COMMENT 'stop: the model ended; length: it was cut at the limit',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `model` string COMMENT 'model that answered',
  `weights_revision` string COMMENT 'revision of its weights',
  `engine` string COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  `task_hash` string COMMENT 'hash of the resolved task: prompt, weights, decoding settings',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the model answered',
  `examples` array<struct<`recording_id`:string,`segment_id`:string,`distance`:double,`form`:string>> COMMENT 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not',
  `word_count` bigint COMMENT 'words of the transcript, in any script',
  `text` string COMMENT 'transcript; empty without speech',
  `channel` bigint COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  `language` string COMMENT 'language of the text by ISO 639, likelier than any other; none where it is too short',
  `language_probability` double COMMENT 'how likely that language is, from 0 to 1'
)
COMMENT 'what is said'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/transcripts/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/transcripts/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.answers (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `task_id` string COMMENT 'task of the configuration that asked',
  `prompt_id` string COMMENT 'identity of the exact prompt text',
  `mean_logprob` double COMMENT 'mean log-probability of the tokens',
  `token_count` bigint COMMENT 'tokens of the answer',
  `finish_reason` string COMMENT 'stop: the model ended; length: it was cut at the limit',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `model` string COMMENT 'model that answered',
  `weights_revision` string COMMENT 'revision of its weights',
  `engine` string COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  `task_hash` string COMMENT 'hash of the resolved task: prompt, weights, decoding settings',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the model answered',
  `examples` array<struct<`recording_id`:string,`segment_id`:string,`distance`:double,`form`:string>> COMMENT 'segments that stood before the prompt as examples, nearest first, with cosine distances; form: sound where it was heard, caption (and in older rows nothing) where it was not',
  `question` string COMMENT 'question as it was asked',
  `options` array<string> COMMENT 'options of a multiple-choice question, else empty',
  `choice` string COMMENT 'the option that was chosen; empty if open or none was',
  `thinking` string COMMENT 'reasoning before the answer',
  `text` string COMMENT 'answer',
  `channel` bigint COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard'
)
COMMENT 'answers to the configured questions'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/answers/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/answers/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.failures (
  `stage` string COMMENT 'discover, segment, annotate',
  `object_uri` string COMMENT 'object of the archive',
  `recording_id` string COMMENT 'recording, if its bytes were read',
  `clip_id` string COMMENT 'clip, else empty',
  `segment_id` string COMMENT 'segment, else empty',
  `task_id` string COMMENT 'task, else empty',
  `start_ms` bigint COMMENT 'start of what failed',
  `end_ms` bigint COMMENT 'end of what failed',
  `error_class` string COMMENT 'kind of error',
  `message` string COMMENT 'what happened and what to do',
  `attempts` bigint COMMENT 'how often it was tried',
  `permanent` boolean COMMENT 'true: the input is at fault, a rerun does not try again',
  `run_id` string COMMENT 'run that made the row'
)
COMMENT 'what went wrong, one row per piece of work'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/failures/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/failures/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.runs (
  `run_id` string COMMENT 'run that made the row',
  `source` string COMMENT 'archive that was read',
  `started_at` timestamp COMMENT 'start of the run',
  `published_at` timestamp COMMENT 'when the partition was replaced',
  `recordings` bigint COMMENT 'recordings of the partition',
  `failures` bigint COMMENT 'failures of the partition',
  `duration_ms` bigint COMMENT 'time in, all recordings',
  `annotated_ms` bigint COMMENT 'time annotated',
  `skipped_ms` bigint COMMENT 'time skipped, all reasons',
  `answers_made` bigint COMMENT 'answers that this run asked the model for',
  `model` string COMMENT 'model',
  `weights_revision` string COMMENT 'revision of its weights',
  `configuration` string COMMENT 'resolved configuration, as JSON',
  `software_version` string COMMENT 'version of af3-archive',
  `objects` array<struct<`key`:string,`rows`:bigint,`sha256`:string>> COMMENT 'objects that the run published',
  `withdrawn` array<string> COMMENT 'objects of recordings that left the partition, gone from the archive or moved',
  `replaced` array<struct<`what`:string,`before`:string,`after`:string,`recordings`:bigint,`rows`:bigint>> COMMENT 'rows of a task, or segments, that the run replaced by those of another model, cutting or prompt',
  `passed_over` array<struct<`reason`:string,`objects`:bigint>> COMMENT 'objects of the day that are no recordings, counted by reason',
  `recordings_taken_over` bigint COMMENT 'recordings with the clips and answers of another one of the same sound',
  `taken_over_ms` bigint COMMENT 'time in, those recordings'
)
COMMENT 'one row per run that published the partition'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/runs/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/runs/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.events (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `event_id` string COMMENT 'identity of the stretch of audio and of how it was named',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `kind` string COMMENT 'speech, sound, music, or unknown where the answers about it differ',
  `label` string COMMENT 'what it is, in the model\'s words, such as a dog barking; empty if unknown',
  `caption` string COMMENT 'the model\'s sentence about this stretch alone',
  `loudness_lufs` double COMMENT 'integrated loudness (BS.1770)',
  `peak_dbfs` double COMMENT 'highest sample',
  `spectral_centroid_hz` double COMMENT 'mean brightness',
  `pitch_hz` double COMMENT 'median fundamental frequency; missing where nothing is voiced',
  `tempo_bpm` double COMMENT 'beats per minute, of music',
  `reverberation_s` double COMMENT 'decay by 60 dB, estimated from the fall after the event',
  `level_change_db` double COMMENT 'mean level of its last third less that of its first',
  `mean_logprob` double COMMENT 'mean log-probability of the tokens of its name',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `model` string COMMENT 'model that answered',
  `weights_revision` string COMMENT 'revision of its weights',
  `engine` string COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'what is heard from when to when: speech, sounds and music, measured'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/events/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/events/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.words (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `task_id` string COMMENT 'task whose transcript it is of',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `position` bigint COMMENT 'number of the word in its transcript, from 0',
  `word` string COMMENT 'the word as it is written, with the marks that touch it',
  `normalised` string COMMENT 'the word in lower case, without outer marks',
  `start_char` bigint COMMENT 'where it starts in the transcript\'s text, in code points',
  `end_char` bigint COMMENT 'where it ends there',
  `confidence` double COMMENT 'that it is spoken there, 0 to 1; missing where its time is estimated',
  `method` string COMMENT 'pocketsphinx, ctc or attention; interpolation where its time is estimated',
  `aligner` string COMMENT 'aligner that was asked',
  `aligner_revision` string COMMENT 'of its weights (and heads) or package; empty of interpolation',
  `channel` bigint COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  `speaker` string COMMENT 'missing: the view spoken_words has who says it, by the turns of now',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'when each word of a transcript is spoken'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/words/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/words/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.speaker_turns (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `channel` bigint COMMENT 'channel that it is of, from 0, where each was cut by itself; else none: of all that was heard',
  `voice` bigint COMMENT 'number of the voice in its recording, from 1',
  `speaker` string COMMENT 'identity of the voice in its corpus; missing where it was not compared with others',
  `confidence` double COMMENT 'that it is this voice and no other of the recording, 0 to 1; missing where its channel says so',
  `is_overlap` boolean COMMENT 'another voice speaks in the same time',
  `encoder` string COMMENT 'encoder of voices; empty where each channel is a speaker',
  `encoder_revision` string COMMENT 'revision of its weights',
  `turns_id` string COMMENT 'identity of the recording\'s turns: of its clips, the encoder, the rules',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'who speaks from when to when'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/speaker_turns/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/speaker_turns/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.speakers (
  `speaker` string COMMENT 'identity of the voice; it stays when recordings come or go',
  `name` string COMMENT 'name that a person gave the voice',
  `recording_count` bigint COMMENT 'recordings that it is heard in',
  `turn_count` bigint COMMENT 'its turns in them',
  `speech_ms` bigint COMMENT 'length of these turns',
  `last_date` date COMMENT 'archive day on which it is last heard',
  `example_recording_id` string COMMENT 'recording with its longest turn',
  `example_start_ms` bigint COMMENT 'start of that turn: listen there before you name it',
  `example_end_ms` bigint COMMENT 'end of that turn',
  `encoder` string COMMENT 'encoder of voices; empty where each channel is a speaker',
  `encoder_revision` string COMMENT 'revision of its weights',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'one row per voice of a corpus, in the day on which it is first heard'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/speakers/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/speakers/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.embeddings (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `audio_embedding` array<float> COMMENT 'AF-Whisper\'s states, averaged over time, of length 1; missing from a served model',
  `audio_model` string COMMENT 'model and revision of the audio embedding, else empty',
  `caption` string COMMENT 'caption that was embedded; empty where there is none',
  `caption_embedding` array<float> COMMENT 'the caption\'s embedding, of length 1; missing where there is no caption',
  `text_model` string COMMENT 'model and revision of the caption\'s embedding',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'where each annotated segment lies among all: by its sound, and by its caption'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/embeddings/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/embeddings/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.text_embeddings (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `kind` string COMMENT 'segment, clip, chapter or recording',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `text_hash` string COMMENT 'hash of the text that was embedded',
  `text_embedding` array<float> COMMENT 'the text\'s embedding, of length 1',
  `text_model` string COMMENT 'model and revision of the embedding',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'where texts that are searched lie among all: one row per segment, clip, chapter, recording'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/text_embeddings/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/text_embeddings/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.pairs (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `pair_id` string COMMENT 'identity of question, options and audio',
  `skill` string COMMENT 'skill of the catalogue (af3 skills list)',
  `question` string COMMENT 'question',
  `options` array<string> COMMENT 'options in the order in which they are asked; empty if open',
  `answer` string COMMENT 'right answer; one of the options where there are any',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `evidence` array<struct<`kind`:string,`text`:string,`start_ms`:bigint,`end_ms`:bigint>> COMMENT 'what the pair was made from: events, captions, transcripts, descriptors',
  `self_check` string COMMENT 'pass: the language model stands by its pair; empty if made by rules',
  `audio_answer` string COMMENT 'what the audio model answers to the question',
  `agrees` boolean COMMENT 'the audio model gives the right answer',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `model` string COMMENT 'model that answered',
  `weights_revision` string COMMENT 'revision of its weights',
  `engine` string COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'questions with answers for training, by skill; every row obeys the rules of its skill'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/pairs/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/pairs/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.rejected_pairs (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `skill` string COMMENT 'skill of the catalogue (af3 skills list)',
  `question` string COMMENT 'question',
  `options` array<string> COMMENT 'options in the order in which they are asked; empty if open',
  `answer` string COMMENT 'right answer; one of the options where there are any',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `reason` string COMMENT 'rule that it broke, such as answer_in_question',
  `detail` string COMMENT 'what broke it',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'pairs that were proposed and not kept, with the reason'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/rejected_pairs/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/rejected_pairs/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.thoughts (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `pair_id` string COMMENT 'pair whose answer it leads to',
  `skill` string COMMENT 'skill of the catalogue (af3 skills list)',
  `question` string COMMENT 'question',
  `options` array<string> COMMENT 'options in the order in which they are asked; empty if open',
  `answer` string COMMENT 'right answer; one of the options where there are any',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `thinking` string COMMENT 'what a listener thinks before the answer',
  `thinking_by` string COMMENT 'language model that wrote the thinking',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'thinking before the answers of pairs, for training; every row passed all checks'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/thoughts/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/thoughts/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.rejected_thoughts (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `clip_id` string COMMENT 'clip of the recording, one FLAC object',
  `segment_id` string COMMENT 'segment of the clip; empty where the unit is the clip',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `pair_id` string COMMENT 'pair whose answer it leads to',
  `skill` string COMMENT 'skill of the catalogue (af3 skills list)',
  `question` string COMMENT 'question',
  `options` array<string> COMMENT 'options in the order in which they are asked; empty if open',
  `answer` string COMMENT 'right answer; one of the options where there are any',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `thinking` string COMMENT 'what a listener thinks before the answer',
  `thinking_by` string COMMENT 'language model that wrote the thinking',
  `reason` string COMMENT 'check that it did not pass, such as leads_elsewhere',
  `detail` string COMMENT 'what was found',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'thinking that was written and not kept, with the reason'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/rejected_thoughts/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/rejected_thoughts/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.summaries (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `duration_ms` bigint COMMENT 'length of the recording',
  `summary` string COMMENT 'summary of the whole recording',
  `chapter_count` bigint COMMENT 'chapters',
  `transcript` string COMMENT 'all transcripts in order, each word once',
  `transcript_spans` array<struct<`segment_id`:string,`start_ms`:bigint,`end_ms`:bigint,`start_char`:bigint,`end_char`:bigint>> COMMENT 'which characters of the transcript were spoken when',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'one row per recording: what it is about, and all that is said in it'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/summaries/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/summaries/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.chapters (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `chapter` bigint COMMENT 'number within the recording, from 1',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `title` string COMMENT 'what the chapter is about, in a few words',
  `summary` string COMMENT 'summary of the chapter',
  `segment_count` bigint COMMENT 'annotated segments in it',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'parts of a recording, without gap or overlap'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/chapters/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/chapters/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.findings (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `question_id` string COMMENT 'identity of the question',
  `question` string COMMENT 'question about the whole recording',
  `answer` string COMMENT 'answer; empty where nothing in the recording speaks to it',
  `citations` array<struct<`segment_id`:string,`start_ms`:bigint,`end_ms`:bigint,`quote`:string,`score`:double>> COMMENT 'segments that the answer rests on, the best first',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'answers to questions about whole recordings, with the segments that they rest on'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/findings/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/findings/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.descriptions (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `description_id` string COMMENT 'identity of the text, the voice, its speaker and its speed',
  `text` string COMMENT 'what is spoken: name, day and length, summary, chapters with their times',
  `voice` string COMMENT 'voice and speaker',
  `backend` string COMMENT 'espeak, vits or pocket_tts',
  `voice_revision` string COMMENT 'hub commit, hash of the voice\'s files, or version of its package',
  `speaker_revision` string COMMENT 'hash of the recording of the speaker; missing for a speaker of the voice\'s own',
  `speed` double COMMENT '2 is twice as fast as the voice\'s own',
  `sound_uri` string COMMENT 'Opus object (Ogg), below the folder of the tables',
  `duration_ms` bigint COMMENT 'length of the speech',
  `first_audio_ms` double COMMENT 'from the text to the first chunk of speech, when it was made',
  `real_time_factor` double COMMENT 'time to speak it over its length; below 1 is faster',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'spoken descriptions of recordings, for who listens rather than reads'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/descriptions/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/descriptions/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.dialogues (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `dialogue_id` string COMMENT 'identity of sounds and turns',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `sounds` array<struct<`segment_id`:string,`recording_id`:string,`clip_uri`:string,`clip_start_ms`:bigint,`start_ms`:bigint,`end_ms`:bigint,`relation`:string,`distance`:double>> COMMENT 'segments that the conversation is about; <sound-1> in a turn is the first',
  `turns` array<struct<`role`:string,`text`:string>> COMMENT 'human and gpt in turn',
  `sound_count` bigint COMMENT 'sounds',
  `turn_count` bigint COMMENT 'questions, each with its answer',
  `made_by` string COMMENT 'rules (exact by construction), or the language model that wrote it',
  `self_check` string COMMENT 'pass: the language model stands by it; empty if made by rules',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'conversations of several turns about several sounds, for training'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/dialogues/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/dialogues/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.chats (
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `chat_id` string COMMENT 'identity of script, sounds and model',
  `name` string COMMENT 'name of the conversation in its file',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `sounds` array<struct<`segment_id`:string,`recording_id`:string,`clip_uri`:string,`clip_start_ms`:bigint,`start_ms`:bigint,`end_ms`:bigint,`relation`:string,`distance`:double>> COMMENT 'segments that the conversation is about; <sound-1> in a turn is the first',
  `turns` array<struct<`role`:string,`text`:string,`mean_logprob`:double,`finish_reason`:string>> COMMENT 'user and assistant in turn',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `model` string COMMENT 'model that answered',
  `weights_revision` string COMMENT 'revision of its weights',
  `engine` string COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made'
)
COMMENT 'scripted conversations that the audio model answered'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/chats/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/chats/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.evaluations (
  `item_id` string COMMENT 'item of the benchmark, as published',
  `evaluation_id` string COMMENT 'identity of model, prompt form and settings; equal ones are compared',
  `groups` array<string> COMMENT 'what results are also given by, such as task=sound',
  `sounds` array<string> COMMENT 'objects of the sounds, below the benchmark\'s data',
  `question` string COMMENT 'question as published',
  `options` array<string> COMMENT 'options in their published order; empty if open',
  `answers` array<string> COMMENT 'all right answers; empty where the publisher keeps them',
  `prompt` string COMMENT 'what the model was asked',
  `prompt_form` string COMMENT 'published, or thinking',
  `prediction` string COMMENT 'what the model answered, thinking taken off',
  `thinking` string COMMENT 'reasoning before the answer',
  `metric` string COMMENT 'accuracy, wer, cider_d or judge',
  `read_as` string COMMENT 'what the metric read out of the prediction',
  `score` double COMMENT 'what it is worth; a figure is the sum of scores over that of weights',
  `weight` double COMMENT '1, or the reference\'s words; missing where nothing can be scored',
  `official_score` double COMMENT 'by the official script as it stands, where that differs',
  `official_weight` double COMMENT '0 where the official script drops the row',
  `similarity` double COMMENT 'of a caption to the nearest reference, by their embeddings',
  `judge` string COMMENT 'model that judged, else empty',
  `judge_reply` string COMMENT 'what the judge said, else empty',
  `fault` string COMMENT 'what is wrong with the published item, else empty; it stays in the figure',
  `error` string COMMENT 'why there is no prediction, else empty; it stays in the figure',
  `flags` array<string> COMMENT 'reasons to doubt the row; flagged rows stay',
  `mean_logprob` double COMMENT 'mean log-probability of the answer\'s tokens',
  `token_count` bigint COMMENT 'tokens of the answer',
  `model` string COMMENT 'model that answered',
  `weights_revision` string COMMENT 'revision of its weights',
  `engine` string COMMENT 'engine that ran it; af3+authors where --prompt-form was authors',
  `dtype` string COMMENT 'numbers that it computed in',
  `settings` string COMMENT 'all that decides the answers, as JSON',
  `run_id` string COMMENT 'run that made the row',
  `generated_at` timestamp COMMENT 'when the row was made',
  `official_read_as` string COMMENT 'what the official script reads out of the prediction, empty for nothing; missing where it says right or wrong alone'
)
COMMENT 'one row per item of a benchmark and evaluation; corpus is the benchmark, date the day when it was first asked'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/evaluations/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/evaluations/corpus=${corpus}/date=${date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS af3.corrections (
  `correction_id` string COMMENT 'correction',
  `batch_id` string COMMENT 'batch: what one person said at once',
  `recording_id` string COMMENT 'recording: start of the SHA-256 of its bytes',
  `content_sha256` string COMMENT 'SHA-256 of the recording\'s bytes',
  `source` string COMMENT 'table of the row, such as captions, transcripts or events',
  `task_id` string COMMENT 'task of the answer; else empty',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `channel` bigint COMMENT 'channel of the answer, from 0; else none',
  `kind` string COMMENT 'text, empty, choice, name, times, wrong, right, flag_set or flag_lifted',
  `aspect` string COMMENT 'value, times, or flag: and its name; of two of one aspect one is shown',
  `old_value` string COMMENT 'what the model had given when it was corrected',
  `new_value` string COMMENT 'text, option, name, times in ms or flag; else empty',
  `new_word_count` bigint COMMENT 'words of a text, in any script',
  `reason` string COMMENT 'why, in the person\'s words',
  `corrected_by` string COMMENT 'who',
  `corrected_at` timestamp COMMENT 'when',
  `undone_by` string COMMENT 'who undid it; none where it counts',
  `undone_at` timestamp COMMENT 'when it was undone',
  `new_start_ms` bigint COMMENT 'start that a person gave',
  `new_end_ms` bigint COMMENT 'end that a person gave',
  `sound_sha256` string COMMENT 'of the recording\'s sound: the correction is of all recordings that have it',
  `settled_by` string COMMENT 'who said last that it holds',
  `settled_at` timestamp COMMENT 'when that was said',
  `settled_value` string COMMENT 'what its row said then: the correction is of that too'
)
COMMENT 'one row per correction by a person; the views corrected_… show what counts'
PARTITIONED BY (`corpus` string COMMENT 'corpus, from the object\'s path', `date` date COMMENT 'archive day, from the object\'s path')
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/tables/corrections/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.corpus.type' = 'enum',
  'projection.corpus.values' = 'CORPORA',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2000-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/tables/corrections/corpus=${corpus}/date=${date}/'
);

CREATE OR REPLACE VIEW af3.heard_corrections AS
SELECT r.corpus, r.date, r.recording_id,
  c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count, c.new_start_ms, c.new_end_ms, c.reason, c.corrected_by, c.corrected_at, c.settled_at, c.source, c.task_id, c.channel, c.start_ms, c.end_ms, c.settled_value
FROM (
  SELECT h.corpus, h.date, h.recording_id, heard
  FROM af3.recordings AS h CROSS JOIN UNNEST(ARRAY[h.recording_id, h.sound_sha256]) AS u (heard)
) AS r
JOIN (
  SELECT k.corpus, k.correction_id, k.batch_id, k.kind, k.aspect, k.old_value, k.new_value, k.new_word_count, k.new_start_ms, k.new_end_ms, k.reason, k.corrected_by, k.corrected_at, k.settled_at, k.source, k.task_id, k.channel, k.start_ms, k.end_ms, k.settled_value,
    heard
  FROM af3.corrections AS k CROSS JOIN UNNEST(ARRAY[k.recording_id, k.sound_sha256]) AS u (heard)
  WHERE k.undone_at IS NULL
) AS c
  ON c.corpus = r.corpus AND c.heard = r.heard
WHERE r.heard <> '';

CREATE OR REPLACE VIEW af3.placed_captions AS
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

CREATE OR REPLACE VIEW af3.placed_transcripts AS
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

CREATE OR REPLACE VIEW af3.placed_answers AS
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

CREATE OR REPLACE VIEW af3.placed_events AS
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

CREATE OR REPLACE VIEW af3.placed_words AS
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

CREATE OR REPLACE VIEW af3.placed_speaker_turns AS
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

CREATE OR REPLACE VIEW af3.placed_chapters AS
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

CREATE OR REPLACE VIEW af3.placed_corrections AS
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
SELECT 'events' AS source, corpus, date, recording_id, clip_id, segment_id, '' AS task_id, '' AS task_hash, CAST(event_id AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_events
UNION ALL
SELECT 'words' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, '' AS task_hash, CAST(position AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_words
UNION ALL
SELECT 'speaker_turns' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(voice AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_speaker_turns
UNION ALL
SELECT 'chapters' AS source, corpus, date, recording_id, '' AS clip_id, '' AS segment_id, '' AS task_id, '' AS task_hash, CAST(chapter AS VARCHAR) AS row_id,
  row_start_ms, row_end_ms, row_channel, correction_id, batch_id, kind, aspect, old_value, new_value, new_word_count, new_start_ms, new_end_ms, reason, corrected_by, corrected_at, settled_at, said_at, value_now, fits, counts, yields, place
FROM af3.placed_chapters;

CREATE OR REPLACE VIEW af3.corrected_captions AS
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
FROM af3.captions AS t
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
    FROM af3.placed_captions AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW af3.corrected_transcripts AS
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
FROM af3.transcripts AS t
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
    FROM af3.placed_transcripts AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW af3.corrected_answers AS
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
FROM af3.answers AS t
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
    FROM af3.placed_answers AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.task_hash
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.task_hash = t.task_hash;

CREATE OR REPLACE VIEW af3.corrected_events AS
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
FROM af3.events AS t
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
    FROM af3.placed_events AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.event_id
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.event_id = t.event_id;

CREATE OR REPLACE VIEW af3.corrected_words AS
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
    FROM af3.placed_words AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.clip_id, k.task_id, k.position
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.clip_id = t.clip_id AND s.task_id = t.task_id AND s.position = t.position;

CREATE OR REPLACE VIEW af3.corrected_speaker_turns AS
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
    FROM af3.placed_speaker_turns AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.start_ms, k.end_ms, k.voice
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.start_ms = t.start_ms AND s.end_ms = t.end_ms AND s.voice = t.voice
LEFT JOIN af3.speakers AS v
  ON v.corpus = t.corpus AND v.speaker = t.speaker;

CREATE OR REPLACE VIEW af3.corrected_chapters AS
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
FROM af3.chapters AS t
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
    FROM af3.placed_chapters AS p
    WHERE place = 1
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.chapter
) AS s
  ON s.corpus = t.corpus AND s.date = t.date AND s.recording_id = t.recording_id AND s.chapter = t.chapter;

CREATE OR REPLACE VIEW af3.annotated_segments AS
SELECT s.corpus, s.date, s.recording_id, r.object_uri, s.segment_id,
  s.start_ms / 1e3 AS start_s, s.end_ms / 1e3 AS end_s, s.speech_ms / 1e3 AS speech_s,
  s.loudness_lufs, s.status, c.caption, t.transcript, a.answers, s.clip_uri
FROM af3.segments AS s
JOIN af3.recordings AS r
  ON r.corpus = s.corpus AND r.date = s.date AND r.recording_id = s.recording_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, ARRAY_JOIN(ARRAY_AGG(text ORDER BY task_id), chr(10)) AS caption
  FROM af3.corrected_captions GROUP BY corpus, date, recording_id, segment_id
) AS c
  ON c.corpus = s.corpus AND c.date = s.date AND c.recording_id = s.recording_id
  AND c.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, ARRAY_JOIN(ARRAY_AGG(text ORDER BY task_id), chr(10)) AS transcript
  FROM af3.corrected_transcripts GROUP BY corpus, date, recording_id, segment_id
) AS t
  ON t.corpus = s.corpus AND t.date = s.date AND t.recording_id = s.recording_id
  AND t.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id,
    ARRAY_JOIN(ARRAY_AGG(CONCAT(task_id, ': ', text) ORDER BY task_id), chr(10)) AS answers
  FROM af3.corrected_answers GROUP BY corpus, date, recording_id, segment_id
) AS a
  ON a.corpus = s.corpus AND a.date = s.date AND a.recording_id = s.recording_id
  AND a.segment_id = s.segment_id;

CREATE OR REPLACE VIEW af3.doubtful_rows AS
SELECT x.source, x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.task_id, x.flag, x.mean_logprob, x.text
FROM (
  SELECT 'captions' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM af3.corrected_captions CROSS JOIN UNNEST(flags) AS u (flag)
  UNION ALL
  SELECT 'transcripts' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM af3.corrected_transcripts CROSS JOIN UNNEST(flags) AS u (flag)
  UNION ALL
  SELECT 'answers' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, flag
  FROM af3.corrected_answers CROSS JOIN UNNEST(flags) AS u (flag)
) AS x
JOIN af3.recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id;

CREATE OR REPLACE VIEW af3.hours_by_night AS
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

CREATE OR REPLACE VIEW af3.choices_by_night AS
SELECT corpus, date, task_id, choice, COUNT(*) AS answers,
  1e0 * COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY corpus, date, task_id) AS share
FROM af3.corrected_answers
WHERE choice <> ''
GROUP BY corpus, date, task_id, choice;

CREATE OR REPLACE VIEW af3.heard_events AS
SELECT e.corpus, e.date, e.recording_id, r.object_uri, e.event_id,
  e.start_ms / 1e3 AS start_s, e.end_ms / 1e3 AS end_s, e.kind, e.label, e.loudness_lufs, e.caption
FROM af3.corrected_events AS e
JOIN af3.recordings AS r
  ON r.corpus = e.corpus AND r.date = e.date AND r.recording_id = e.recording_id;

CREATE OR REPLACE VIEW af3.spoken_turns AS
SELECT t.corpus, t.date, t.recording_id, r.object_uri, t.start_ms / 1e3 AS start_s,
  t.end_ms / 1e3 AS end_s, t.channel, t.voice, t.speaker, t.name, t.confidence, t.is_overlap
FROM af3.corrected_speaker_turns AS t
JOIN af3.recordings AS r
  ON r.corpus = t.corpus AND r.date = t.date AND r.recording_id = t.recording_id;

CREATE OR REPLACE VIEW af3.spoken_words AS
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
