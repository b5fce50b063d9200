"""One file a verb. Each is told what to do by a plan, and keeps the draft of the outcome up to date."""
