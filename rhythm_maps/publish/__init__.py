"""Builds turned into versioned datasets on the Hub: policy, card, push, withdrawal."""
