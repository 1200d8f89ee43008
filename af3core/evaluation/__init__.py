"""Evaluation: published benchmarks as items, a model's answers as scores by the official rules.

data ──► adapter: items, faults ──► prompts ──► predictions ──► scorer ──► scores ──► comparison
"""
