/* What people read, against golden/cli/: MEDKG_BLESS=1 writes the files anew, and the
 * difference is read in review. Times and sizes are replaced by a letter. */
#include "cli_testing.h"

static const struct {
    const char *name, *script;
} cases[] = {
    {"sources", "medkg sources"},
    {"stats", "medkg stats"},
    {"check", "medkg check --lang zh"},
    {"check-deep", "medkg check --deep --limit 0"},
    {"check-findings",
     "cat >odd.tsv <<'END'\n"
     "subject\tsubject_type\trelation\tobject\tobject_type\tpolarity\n"
     "肺炎\tdisease\tis_a\t感染\tdisease\t+\n"
     "感染\tdisease\tis_a\t肺炎\tdisease\t+\n"
     "青霉素\tdrug\ttreats\t肺炎\tdisease\t+\n"
     "青霉素\tdrug\ttreats\t肺炎\tdisease\t-\n"
     "青霉素\tdrug\tcontraindicated_in\t肺炎\tdisease\t+\n"
     "青霉素\tdrug\tlooks_like\t肺炎\tdisease\t+\n"
     "END\n"
     "medkg -d odd.db import odd.tsv -q >odd.txt; medkg -d odd.db check --lang zh"},
    {"backup", "medkg backup copy"},
    {"backup-again", "medkg backup copy"},
    {"search-zh", "medkg search 感冒 -k 3"},
    {"search-en", "medkg search pneu"},
    {"search-nothing", "medkg search 量子力学"},
    {"show-zh", "medkg show 感冒"},
    {"show-en", "medkg show 'common cold'"},
    {"show-inverse", "medkg show 咳嗽"},
    {"show-limit", "medkg show 系统性红斑狼疮 --limit 3"},
    {"show-ambiguous", "medkg show 高血压"},
    {"show-missing", "medkg show 感昌"},
    {"path-zh", "medkg path 感冒 肺炎"},
    {"path-en", "medkg path asthma pneumonia -k 5 --max-length 3"},
    {"path-inverse", "medkg path '#6' 感冒"},
    {"path-none", "medkg path 感冒 头痛"},
    {"path-same", "medkg path 感冒 伤风"},
    {"path-ambiguous", "medkg path 感冒 高血压"},
    {"path-missing", "medkg path 感冒 感昌"},
    {"stats-graph", "medkg stats --graph | tail -n +19"},
    {"ask-zh", "medkg ask 感冒有什么症状？"},
    {"ask-en", "medkg ask 'What are the symptoms of a common cold?'"},
    {"ask-text", "medkg ask 感冒怎么预防？"},
    {"ask-inverse", "medkg ask 什么病会咳嗽？"},
    {"ask-denied", "medkg ask 青霉素能治感冒吗？"},
    {"ask-partial", "medkg ask 哮喘有哪些并发症？"},
    {"ask-nothing-zh", "medkg ask 量子力学是什么？"},
    {"ask-nothing-en", "medkg ask 'What is quantum mechanics?'"},
    {"ask-explain", "medkg ask 感冒有什么症状？ --explain"},
    {"ask-facts", "medkg ask 系统性红斑狼疮的症状 --facts 3"},
    {"import", "printf '流感\\tsymptom\\t发热\\n\\tsymptom\\t咳嗽\\n' >flu.tsv; "
               "medkg -d new.db import flu.tsv --format triples --licence CC0"},
    {"import-again", "medkg -d new.db import flu.tsv --format triples"},
    {"import-dry-run", "medkg import flu.tsv --format triples --dry-run"},
    {"embed", "medkg embed node2vec --dim 8 --walks 1 --length 5"},
    {"vectors", "medkg vectors"},
    {"same-show",
     "printf "
     "'流行性感冒\\tsymptom\\t寒战\\n流行性感冒\\tskos:notation\\tICD10:"
     "J11\\tdisease\\n' "
     ">s1.tsv; printf '流感\\tsymptom\\t乏力\\n"
     "流感\\tskos:exactMatch\\t流行性感冒\\tdisease\\tdisease\\n' >s2.tsv; "
     "medkg -q -d same.db import s1.tsv s2.tsv >same.txt; medkg -d same.db show 流感"},
    {"same-search", "medkg -d same.db search 流感"},
    {"same-path", "medkg -d same.db path 流感 寒战"},
    {"same-path-none", "medkg -d same.db path 流感 流行性感冒"},
    {"same-ask", "medkg -d same.db ask --lm none 流感有什么症状"},
    {"same-gone", "medkg -q -d same.db remove s2.tsv >same.txt; "
                  "medkg -d same.db show 流行性感冒"},
    {"compact-set",
     "medkg -d same.db compact --keep 0 --set; "
     "medkg -d same.db stats | grep days; medkg -d same.db log | tail -1"},
    {"compact-by-itself", "medkg -d same.db remove s1.tsv"},
    {"log", "medkg log"},
    {"diff", "medkg diff handbook registry"},
    {"diff-file",
     "printf '流感\\tsymptom\\t发热\\n流感\\tsymptom\\t头痛\\n' >flu2.tsv; medkg -d "
     "new.db diff flu.tsv flu2.tsv --format triples"},
    {"import-newer",
     "mkdir -p newer; cp flu2.tsv newer/flu.tsv; medkg -d new.db import "
     "newer/flu.tsv"},
    {"remove",
     "medkg -d new.db remove flu.tsv; medkg -d new.db undo; medkg -d new.db log"},
    {"compact", "medkg -d new.db compact --keep 0"},
    {"wrong-command", "medkg serch 感冒"},
    {"wrong-value", "medkg embed node2vec --dim 12x"},
    {"help", "medkg help"},
};

static void check_golden(cli_world *w, const char *name, const char *script)
{
    char line[1024], file[128];
    mkg__buf have = {0};
    snprintf(line, sizeof line,
             "{ %s; echo \"=> $?\"; } 2>&1 | sed -e 's/[0-9][0-9.]* "
             "\\{0,1\\}m\\{0,1\\}s\\([,;，；（ "
             "]\\|$\\)/T\\1/g' "
             "-e 's/20[0-9][0-9]-[01][0-9]-[0-3][0-9]/YYYY-MM-DD/' -e "
             "'s/[0-2][0-9]:[0-5][0-9]/hh:mm/' -e 's/^ *[0-9]*  "
             "bytes/S  "
             "bytes/' -e 's/ [0-9][0-9]* bytes/ S bytes/'",
             script);
    assert_run(w, line, 0);
    mkg__buf_printf(&have, "$ %s\n%s", script, w->out);
    snprintf(file, sizeof file, "golden/cli/%s.txt", name);
    char *path = in_folder(MEDKG_TESTS_DIR, file);
    if (getenv("MEDKG_BLESS")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(mkg__buf_cstr(&have), f);
        assert_int_equal(fclose(f), 0);
    }
    char *want = slurp(MEDKG_TESTS_DIR, file);
    if (strcmp(want, mkg__buf_cstr(&have)) != 0)
        fail_msg("%s is\n%s\nand now it is\n%s", path, want, have.ptr);
    for (char *p = strtok(have.ptr, "\n"); p; p = strtok(NULL, "\n"))
        if (p[0] != '$' && mkg__utf8_width(p, strlen(p)) > 80)
            fail_msg("%s: too wide: %s", path, p);
    mkg__free(want);
    mkg__buf_clear(&have);
    free(path);
}

static void as_it_was(void **state)
{
    cli_world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_golden(w, cases[i].name, cases[i].script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_it_was)};
    return cmocka_run_group_tests(tests, new_world, end_world);
}
