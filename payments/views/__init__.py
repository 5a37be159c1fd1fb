"""The pages of payments. No call leaves this process."""
