"""What the archive page reads: tables, clips, objects of a bucket, pictures of sound."""
