"""The judgement: pure, without network, clock or logging."""
