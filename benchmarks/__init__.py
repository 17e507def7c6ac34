"""
What this client costs, beside what a user would pick instead: `nox -s bench`.

    __main__      one run: every group, then the table, the JSON, the plot
    server        a minimal server with canned answers, in a process of its own
    numbers       the phone numbers that it has
    timing        interleaved rounds, paired ratios, medians and quartiles
    fronts        blocking, asyncio and trio side by side in one process
    contenders    this client, bare httpx, httpx with cattrs
    peers         the generated client, openai-python, stripe-python
    groups        what is measured: calls, load, walks, decoding, startup, observability
    programs      what needs a process of its own
    targets       what each ratio may be at most, and where it should be
    report        results as a table, as JSON, as the tables of docs/performance.md
    plot          results as a picture
"""
