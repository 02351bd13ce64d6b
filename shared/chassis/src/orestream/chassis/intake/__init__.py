"""What happens with a batch of records: one database transaction, or nothing."""
