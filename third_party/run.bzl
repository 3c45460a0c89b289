"""Commands of repository rules."""

def run(ctx, command):
    result = ctx.execute(command)
    if result.return_code != 0:
        fail(result.stderr)
