"""The protocols of kernel/sched as models for spin."""
