"""What pictures are: batches and images, rows and PNG files. Knows nothing of jobs."""
