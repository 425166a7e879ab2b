"""What the service knows: nouns, rules and the journal. Speaks no HTTP and never commits."""
