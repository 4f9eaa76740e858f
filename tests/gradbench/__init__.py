"""GradBench's protocol, spoken by tapenb: `python -m tests.gradbench` is a tool."""
