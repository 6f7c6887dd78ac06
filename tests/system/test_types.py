"""The compiler must refuse values and columns of a wrong type, results that nobody looks at."""
import os
import shutil
import subprocess

import pytest

from conftest import TOP

pytestmark = pytest.mark.one_engine("the engine makes no difference")

PROLOGUE = """
#include "newsletter/db/sql.h"
enum nl_status f(struct nl_store *store, struct nl_error *err, int64_t number, char *text, void *data, double real);
enum nl_status f(struct nl_store *store, struct nl_error *err, int64_t number, char *text, void *data, double real) {
    int64_t id = 0;
    char *copy = NULL;
    short small = 0;
    (void)number, (void)text, (void)data, (void)real, (void)copy, (void)small, (void)id;
    %s
}
"""


def compiles(statement):
    compiler = shutil.which("cc")
    run = subprocess.run([compiler, "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-c", "-o", os.devnull,
                          "-I", os.path.join(TOP, "include"), "-x", "c", "-"],
                         input=PROLOGUE % statement, text=True, capture_output=True)
    return run.returncode == 0


def run_with(value):
    return f'return nl_sql_run(store, err, "x", NL_VALUES({value}));'


def read_into(column):
    return f'return nl_sql_first(store, err, NULL, "x", NL_NO_VALUES, NL_COLUMNS({column}));'


@pytest.mark.parametrize("statement", [run_with("NL_INT(number), NL_STRING(text), NL_STRING(\"x\"), NL_REAL(real)"),
                                       run_with("NL_BYTES(data, sizeof id), NL_INT(true), NL_INT(err->status)"),
                                       read_into("NL_INTO(&id), NL_INTO(&copy), NL_SKIP")])
def test_what_is_right_compiles(statement):
    assert compiles(statement)


@pytest.mark.parametrize("statement", [run_with("NL_INT(text)"), run_with("NL_INT(real)"), run_with("NL_STRING(number)"),
                                       run_with("NL_STRING(data)"), run_with("NL_REAL(number)"), run_with("number"),
                                       run_with("NL_BYTES(text)"), read_into("NL_INTO(&small)"),
                                       read_into("NL_INTO(copy)"), read_into("NL_INTO(&data)"),
                                       'nl_store_commit(store, err); return NL_OK;',
                                       'return nl_sql_run(NULL, err, "x", NL_NO_VALUES);'])
def test_what_is_wrong_does_not(statement):
    assert not compiles(statement), statement
