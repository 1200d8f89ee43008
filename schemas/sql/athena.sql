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
  `source` string COMMENT 'table of the answer: captions, transcripts or answers',
  `task_id` string COMMENT 'task of the answer',
  `start_ms` bigint COMMENT 'start, from the start of the recording',
  `end_ms` bigint COMMENT 'end, from the start of the recording',
  `channel` bigint COMMENT 'channel of the answer, from 0; else none',
  `kind` string COMMENT 'text, empty, choice, wrong, right, flag_set or flag_lifted',
  `aspect` string COMMENT 'value, or flag: and its name; of two of one aspect the later counts',
  `old_value` string COMMENT 'what the model had given when it was corrected',
  `new_value` string COMMENT 'text, option or flag; else empty',
  `new_word_count` bigint COMMENT 'words of a text, in any script',
  `reason` string COMMENT 'why, in the person\'s words',
  `corrected_by` string COMMENT 'who',
  `corrected_at` timestamp COMMENT 'when',
  `undone_by` string COMMENT 'who undid it; none where it counts',
  `undone_at` timestamp COMMENT 'when it was undone'
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

CREATE OR REPLACE VIEW af3.placed_corrections AS
SELECT p.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, aspect, counts
    ORDER BY corrected_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT x.source, x.corpus, x.date, x.recording_id, x.clip_id, x.segment_id, x.task_id, x.task_hash,
    c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count,
    c.reason, c.corrected_by, c.corrected_at, CASE WHEN c.kind = 'choice' THEN x.choice ELSE x.text END AS value_now,
    CASE WHEN c.kind = 'choice' THEN x.choice ELSE x.text END = c.old_value AS fits,
    c.kind IN ('text', 'empty', 'choice') OR CASE WHEN c.kind = 'choice' THEN x.choice ELSE x.text END = c.old_value AS counts
  FROM (
    SELECT 'captions' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash,
      start_ms, end_ms, channel, text, '' AS choice
    FROM af3.captions
    UNION ALL
    SELECT 'transcripts' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash,
      start_ms, end_ms, channel, text, '' AS choice
    FROM af3.transcripts
    UNION ALL
    SELECT 'answers' AS source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash,
      start_ms, end_ms, channel, text, choice
    FROM af3.answers
  ) AS x
  JOIN af3.corrections AS c
    ON c.corpus = x.corpus AND c.recording_id = x.recording_id AND c.source = x.source
    AND c.task_id = x.task_id AND COALESCE(c.channel, -1) = COALESCE(x.channel, -1)
  WHERE c.undone_at IS NULL
    AND 10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
) AS p;

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
  CASE WHEN g.task_id IS NULL THEN t.flags ELSE COALESCE(f.flags, CAST(ARRAY[] AS ARRAY(VARCHAR))) END AS flags,
  t.model,
  t.weights_revision,
  t.engine,
  t.task_hash,
  t.run_id,
  t.generated_at,
  t.examples,
  t.thinking,
  CASE WHEN v.kind IN ('text', 'empty', 'choice') THEN v.new_value ELSE t.text END AS text,
  t.channel,
  t.text AS original_text,
  t.flags AS original_flags,
  v.kind AS correction, v.correction_id, v.corrected_by, v.corrected_at,
  v.reason AS correction_reason, v.old_value AS corrected_from, v.fits AS correction_fits
FROM af3.captions AS t
LEFT JOIN (SELECT * FROM af3.placed_corrections WHERE source = 'captions' AND place = 1 AND aspect = 'value') AS v
  ON v.corpus = t.corpus AND v.date = t.date AND v.recording_id = t.recording_id AND v.clip_id = t.clip_id AND v.segment_id = t.segment_id AND v.task_id = t.task_id AND v.task_hash = t.task_hash
LEFT JOIN (SELECT DISTINCT corpus, date, recording_id, clip_id, segment_id, task_id, task_hash FROM (SELECT * FROM af3.placed_corrections WHERE source = 'captions' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS s) AS g
  ON g.corpus = t.corpus AND g.date = t.date AND g.recording_id = t.recording_id AND g.clip_id = t.clip_id AND g.segment_id = t.segment_id AND g.task_id = t.task_id AND g.task_hash = t.task_hash
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.clip_id, k.segment_id, k.task_id, k.task_hash, ARRAY_AGG(k.flag ORDER BY k.flag) AS flags
  FROM (
    SELECT u.corpus, u.date, u.recording_id, u.clip_id, u.segment_id, u.task_id, u.task_hash, u.flag
    FROM (
      SELECT o.corpus, o.date, o.recording_id, o.clip_id, o.segment_id, o.task_id, o.task_hash, flag
      FROM af3.captions AS o
      JOIN (SELECT DISTINCT corpus, date, recording_id, clip_id, segment_id, task_id, task_hash FROM (SELECT * FROM af3.placed_corrections WHERE source = 'captions' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS s) AS q
        ON q.corpus = o.corpus AND q.date = o.date AND q.recording_id = o.recording_id AND q.clip_id = o.clip_id AND q.segment_id = o.segment_id AND q.task_id = o.task_id AND q.task_hash = o.task_hash CROSS JOIN UNNEST(o.flags) AS u (flag)
    ) AS u
    LEFT JOIN (SELECT * FROM af3.placed_corrections WHERE source = 'captions' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS l
      ON l.corpus = u.corpus AND l.date = u.date AND l.recording_id = u.recording_id AND l.clip_id = u.clip_id AND l.segment_id = u.segment_id AND l.task_id = u.task_id AND l.task_hash = u.task_hash AND l.new_value = u.flag
    WHERE l.correction_id IS NULL
    UNION ALL
    SELECT a.corpus, a.date, a.recording_id, a.clip_id, a.segment_id, a.task_id, a.task_hash, a.new_value AS flag
    FROM (SELECT * FROM af3.placed_corrections WHERE source = 'captions' AND place = 1 AND kind = 'flag_set') AS a
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.clip_id, k.segment_id, k.task_id, k.task_hash
) AS f
  ON f.corpus = t.corpus AND f.date = t.date AND f.recording_id = t.recording_id AND f.clip_id = t.clip_id AND f.segment_id = t.segment_id AND f.task_id = t.task_id AND f.task_hash = t.task_hash;

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
  CASE WHEN g.task_id IS NULL THEN t.flags ELSE COALESCE(f.flags, CAST(ARRAY[] AS ARRAY(VARCHAR))) END AS flags,
  t.model,
  t.weights_revision,
  t.engine,
  t.task_hash,
  t.run_id,
  t.generated_at,
  t.examples,
  CASE WHEN v.kind IN ('text', 'empty', 'choice') THEN v.new_word_count ELSE t.word_count END AS word_count,
  CASE WHEN v.kind IN ('text', 'empty', 'choice') THEN v.new_value ELSE t.text END AS text,
  t.channel,
  t.language,
  t.language_probability,
  t.text AS original_text,
  t.flags AS original_flags,
  v.kind AS correction, v.correction_id, v.corrected_by, v.corrected_at,
  v.reason AS correction_reason, v.old_value AS corrected_from, v.fits AS correction_fits
FROM af3.transcripts AS t
LEFT JOIN (SELECT * FROM af3.placed_corrections WHERE source = 'transcripts' AND place = 1 AND aspect = 'value') AS v
  ON v.corpus = t.corpus AND v.date = t.date AND v.recording_id = t.recording_id AND v.clip_id = t.clip_id AND v.segment_id = t.segment_id AND v.task_id = t.task_id AND v.task_hash = t.task_hash
LEFT JOIN (SELECT DISTINCT corpus, date, recording_id, clip_id, segment_id, task_id, task_hash FROM (SELECT * FROM af3.placed_corrections WHERE source = 'transcripts' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS s) AS g
  ON g.corpus = t.corpus AND g.date = t.date AND g.recording_id = t.recording_id AND g.clip_id = t.clip_id AND g.segment_id = t.segment_id AND g.task_id = t.task_id AND g.task_hash = t.task_hash
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.clip_id, k.segment_id, k.task_id, k.task_hash, ARRAY_AGG(k.flag ORDER BY k.flag) AS flags
  FROM (
    SELECT u.corpus, u.date, u.recording_id, u.clip_id, u.segment_id, u.task_id, u.task_hash, u.flag
    FROM (
      SELECT o.corpus, o.date, o.recording_id, o.clip_id, o.segment_id, o.task_id, o.task_hash, flag
      FROM af3.transcripts AS o
      JOIN (SELECT DISTINCT corpus, date, recording_id, clip_id, segment_id, task_id, task_hash FROM (SELECT * FROM af3.placed_corrections WHERE source = 'transcripts' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS s) AS q
        ON q.corpus = o.corpus AND q.date = o.date AND q.recording_id = o.recording_id AND q.clip_id = o.clip_id AND q.segment_id = o.segment_id AND q.task_id = o.task_id AND q.task_hash = o.task_hash CROSS JOIN UNNEST(o.flags) AS u (flag)
    ) AS u
    LEFT JOIN (SELECT * FROM af3.placed_corrections WHERE source = 'transcripts' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS l
      ON l.corpus = u.corpus AND l.date = u.date AND l.recording_id = u.recording_id AND l.clip_id = u.clip_id AND l.segment_id = u.segment_id AND l.task_id = u.task_id AND l.task_hash = u.task_hash AND l.new_value = u.flag
    WHERE l.correction_id IS NULL
    UNION ALL
    SELECT a.corpus, a.date, a.recording_id, a.clip_id, a.segment_id, a.task_id, a.task_hash, a.new_value AS flag
    FROM (SELECT * FROM af3.placed_corrections WHERE source = 'transcripts' AND place = 1 AND kind = 'flag_set') AS a
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.clip_id, k.segment_id, k.task_id, k.task_hash
) AS f
  ON f.corpus = t.corpus AND f.date = t.date AND f.recording_id = t.recording_id AND f.clip_id = t.clip_id AND f.segment_id = t.segment_id AND f.task_id = t.task_id AND f.task_hash = t.task_hash;

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
  CASE WHEN g.task_id IS NULL THEN t.flags ELSE COALESCE(f.flags, CAST(ARRAY[] AS ARRAY(VARCHAR))) END AS flags,
  t.model,
  t.weights_revision,
  t.engine,
  t.task_hash,
  t.run_id,
  t.generated_at,
  t.examples,
  t.question,
  t.options,
  CASE WHEN v.kind = 'choice' THEN v.new_value ELSE t.choice END AS choice,
  t.thinking,
  CASE WHEN v.kind IN ('text', 'empty', 'choice') THEN v.new_value ELSE t.text END AS text,
  t.channel,
  t.text AS original_text,
  t.flags AS original_flags,
  t.choice AS original_choice,
  v.kind AS correction, v.correction_id, v.corrected_by, v.corrected_at,
  v.reason AS correction_reason, v.old_value AS corrected_from, v.fits AS correction_fits
FROM af3.answers AS t
LEFT JOIN (SELECT * FROM af3.placed_corrections WHERE source = 'answers' AND place = 1 AND aspect = 'value') AS v
  ON v.corpus = t.corpus AND v.date = t.date AND v.recording_id = t.recording_id AND v.clip_id = t.clip_id AND v.segment_id = t.segment_id AND v.task_id = t.task_id AND v.task_hash = t.task_hash
LEFT JOIN (SELECT DISTINCT corpus, date, recording_id, clip_id, segment_id, task_id, task_hash FROM (SELECT * FROM af3.placed_corrections WHERE source = 'answers' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS s) AS g
  ON g.corpus = t.corpus AND g.date = t.date AND g.recording_id = t.recording_id AND g.clip_id = t.clip_id AND g.segment_id = t.segment_id AND g.task_id = t.task_id AND g.task_hash = t.task_hash
LEFT JOIN (
  SELECT k.corpus, k.date, k.recording_id, k.clip_id, k.segment_id, k.task_id, k.task_hash, ARRAY_AGG(k.flag ORDER BY k.flag) AS flags
  FROM (
    SELECT u.corpus, u.date, u.recording_id, u.clip_id, u.segment_id, u.task_id, u.task_hash, u.flag
    FROM (
      SELECT o.corpus, o.date, o.recording_id, o.clip_id, o.segment_id, o.task_id, o.task_hash, flag
      FROM af3.answers AS o
      JOIN (SELECT DISTINCT corpus, date, recording_id, clip_id, segment_id, task_id, task_hash FROM (SELECT * FROM af3.placed_corrections WHERE source = 'answers' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS s) AS q
        ON q.corpus = o.corpus AND q.date = o.date AND q.recording_id = o.recording_id AND q.clip_id = o.clip_id AND q.segment_id = o.segment_id AND q.task_id = o.task_id AND q.task_hash = o.task_hash CROSS JOIN UNNEST(o.flags) AS u (flag)
    ) AS u
    LEFT JOIN (SELECT * FROM af3.placed_corrections WHERE source = 'answers' AND place = 1 AND kind IN ('flag_set', 'flag_lifted')) AS l
      ON l.corpus = u.corpus AND l.date = u.date AND l.recording_id = u.recording_id AND l.clip_id = u.clip_id AND l.segment_id = u.segment_id AND l.task_id = u.task_id AND l.task_hash = u.task_hash AND l.new_value = u.flag
    WHERE l.correction_id IS NULL
    UNION ALL
    SELECT a.corpus, a.date, a.recording_id, a.clip_id, a.segment_id, a.task_id, a.task_hash, a.new_value AS flag
    FROM (SELECT * FROM af3.placed_corrections WHERE source = 'answers' AND place = 1 AND kind = 'flag_set') AS a
  ) AS k
  GROUP BY k.corpus, k.date, k.recording_id, k.clip_id, k.segment_id, k.task_id, k.task_hash
) AS f
  ON f.corpus = t.corpus AND f.date = t.date AND f.recording_id = t.recording_id AND f.clip_id = t.clip_id AND f.segment_id = t.segment_id AND f.task_id = t.task_id AND f.task_hash = t.task_hash;

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
FROM af3.events AS e
JOIN af3.recordings AS r
  ON r.corpus = e.corpus AND r.date = e.date AND r.recording_id = e.recording_id;

CREATE OR REPLACE VIEW af3.spoken_turns AS
SELECT t.corpus, t.date, t.recording_id, r.object_uri, t.start_ms / 1e3 AS start_s,
  t.end_ms / 1e3 AS end_s, t.channel, t.voice, t.speaker, s.name, t.confidence, t.is_overlap
FROM af3.speaker_turns AS t
JOIN af3.recordings AS r
  ON r.corpus = t.corpus AND r.date = t.date AND r.recording_id = t.recording_id
LEFT JOIN af3.speakers AS s
  ON s.corpus = t.corpus AND s.speaker = t.speaker;

CREATE OR REPLACE VIEW af3.spoken_words AS
SELECT x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id, x.task_id, x.position,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.word, x.confidence, x.channel, x.voice,
  x.speaker, s.name
FROM (
  SELECT w.corpus, w.date, w.recording_id, w.segment_id, w.task_id, w.position, w.start_ms,
    w.end_ms, w.word, w.confidence, w.channel, t.voice, t.speaker,
    ROW_NUMBER() OVER (
      PARTITION BY w.corpus, w.date, w.recording_id, w.segment_id, w.task_id, w.channel,
        w.position
      ORDER BY LEAST(w.end_ms, t.end_ms) - GREATEST(w.start_ms, t.start_ms) DESC, t.start_ms,
        t.voice
    ) AS place
  FROM af3.words AS w
  LEFT JOIN af3.speaker_turns AS t
    ON t.corpus = w.corpus AND t.date = w.date AND t.recording_id = w.recording_id
    AND t.start_ms < w.end_ms AND t.end_ms > w.start_ms
    AND (t.channel IS NULL OR w.channel IS NULL OR t.channel = w.channel)
) AS x
JOIN af3.recordings AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id
LEFT JOIN af3.speakers AS s
  ON s.corpus = x.corpus AND s.speaker = x.speaker
WHERE x.place = 1;
