"""
What this client costs, beside what a user would pick instead: `nox -s bench`.

    __main__      one run: every group, then the table, the JSON, the plot
    server        a minimal server with canned answers, in a process of its own
    numbers       the phone numbers that it has
    interviews    a long interview
    timing        interleaved rounds, paired ratios, medians and quartiles
    fronts        blocking, asyncio and trio side by side in one process
    contenders    this client, bare httpx, httpx with cattrs
    peers         the generated client, openai-python, stripe-python
    calls, load, walks, decoding, startup, processes, pacing, observability
                  what is measured, one module a group, bounds included
    shares        where the time of one call goes
    programs      what needs a process of its own
    results       tables of spreads, ratios of their rows, and whether bounds hold
    report        results as a table, as JSON, as the tables of two pages
    plot          results as a picture
    house         what a maintainer has to read: files and functions of a call, imports, lines
"""
