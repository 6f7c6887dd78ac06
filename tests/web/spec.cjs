// Prints the examples of the CommonMark specification as JSON.
process.stdout.write(JSON.stringify(require('commonmark-spec').tests.map((test) => test.markdown)));
