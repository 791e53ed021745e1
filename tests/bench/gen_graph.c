/* A made-up medical graph as a table of triples, for the bulk load benchmark.
 *   gen_graph [FACTS [SEED [NODES]]] >graph.tsv
 *   gen_graph FACTS SEED NODES codes >codes.tsv
 * The second gives a code to each of those nodes. The same arguments give the same
 * bytes. Degrees follow a power law (a node's rank is drawn as n * u^3), names are
 * composed of the lists below, about half of them Chinese; one fact in sixteen has a
 * text as its object. */
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const zh_how[] = {
    "急性",   "慢性",   "先天性", "继发性", "原发性", "复发性", "老年性", "小儿",
    "化脓性", "过敏性", "病毒性", "细菌性", "遗传性", "特发性", "弥漫性", "局限性",
    "反应性", "药物性", "代谢性", "缺血性", "出血性", "增生性", "萎缩性", "浸润性"};
static const char *const zh_where[] = {
    "胃",   "肝",     "肾",   "肺",   "心肌", "脑",   "脊髓", "甲状腺", "胰腺", "脾",
    "膀胱", "前列腺", "子宫", "卵巢", "乳腺", "皮肤", "角膜", "视网膜", "中耳", "鼻窦",
    "咽喉", "气管",   "食管", "结肠", "直肠", "胆囊", "骨髓", "关节",   "肌腱", "淋巴"};
static const char *const zh_what[] = {"炎",     "瘤",       "结石", "囊肿",   "溃疡",
                                      "纤维化", "功能不全", "水肿", "综合征", "坏死",
                                      "硬化",   "穿孔",     "脓肿", "息肉",   "疼痛"};
static const char *const en_how[] = {
    "acute",    "chronic",   "congenital", "recurrent", "primary",    "secondary",
    "allergic", "bacterial", "viral",      "ischaemic", "idiopathic", "hereditary",
    "diffuse",  "focal",     "reactive",   "juvenile",  "senile",     "atypical"};
static const char *const en_where[] = {
    "gastr", "hepat",     "nephr",    "pneumon", "cardi",    "encephal",
    "myel",  "thyroid",   "pancreat", "splen",   "cyst",     "prostat",
    "metr",  "oophor",    "mast",     "dermat",  "kerat",    "retin",
    "ot",    "sinus",     "laryng",   "trache",  "oesophag", "col",
    "proct", "cholecyst", "oste",     "arthr",   "tendin",   "lymphaden"};
static const char *const en_what[] = {"itis",  "oma",     "osis",    "opathy",
                                      "algia", "ectasia", "omegaly", "orrhagia",
                                      "otomy", "oplasia"};
static const char *const syllables[] = {
    "ab", "bi",  "cor", "dex", "el",  "fen", "gli", "hy", "ix", "lo", "mab", "nol",
    "ol", "pra", "qui", "ri",  "sta", "tin", "ul",  "va", "xa", "yl", "zol", "zu"};

/* The n-th name out of lists, the remainder of n written behind it. */
typedef struct name {
    char text[160];
    size_t len;
} name;

static void add(name *s, const char *part)
{
    size_t n = strlen(part);
    if (n > sizeof s->text - s->len - 1) return;
    memcpy(s->text + s->len, part, n + 1);
    s->len += n;
}

static size_t pick(name *s, const char *const *list, size_t n, size_t x)
{
    add(s, list[x % n]);
    return x / n;
}

static void add_number(name *s, const char *before, size_t x, const char *after)
{
    char text[48];
    if (x == 0) return;
    snprintf(text, sizeof text, "%s%zu%s", before, x, after);
    add(s, text);
}

static void zh_name(name *s, size_t x)
{
    x = pick(s, zh_how, COUNT(zh_how), x);
    x = pick(s, zh_where, COUNT(zh_where), x);
    x = pick(s, zh_what, COUNT(zh_what), x);
    add_number(s, "", x, "型");
}

static void en_name(name *s, size_t x)
{
    x = pick(s, en_how, COUNT(en_how), x);
    add(s, " ");
    s->text[0] = (char)(s->text[0] - 32);
    x = pick(s, en_where, COUNT(en_where), x);
    x = pick(s, en_what, COUNT(en_what), x);
    add_number(s, " type ", x, "");
}

static void drug_name(name *s, size_t x)
{
    for (int i = 0; i < 3; i++)
        x = pick(s, syllables, COUNT(syllables), x);
    add_number(s, "-", x, "");
}

static void gene_name(name *s, size_t x)
{
    for (int i = 0; i < 3; i++) {
        char letter[2] = {(char)('A' + x % 26), '\0'};
        add(s, letter);
        x /= 26;
    }
    add_number(s, "", x + 1, "");
}

static const struct {
    const char *name;
    unsigned share;      /* of the nodes, of 16 */
    int kind;            /* 0: Chinese and English, 1: drugs, 2: genes */
    const char *zh, *en; /* behind the names of this type */
} types[] = {{"disease", 5, 0, "", ""},       {"symptom", 3, 0, "感", " feeling"},
             {"drug", 3, 1, "", ""},          {"gene", 2, 2, "", ""},
             {"test", 2, 0, "检查", " test"}, {"procedure", 1, 0, "手术", " surgery"}};

enum { LITERAL = -1 };
static const struct {
    const char *name;
    int subject, object;
    unsigned share; /* of the facts, of 16 */
} relations[] = {{"symptom", 0, 1, 3},
                 {"treats", 2, 0, 2},
                 {"contraindicated_in", 2, 0, 1},
                 {"complication", 0, 0, 2},
                 {"gene_of", 3, 0, 1},
                 {"interacts_with", 2, 2, 1},
                 {"test_for", 4, 0, 1},
                 {"treatment_for", 5, 0, 1},
                 {"adverse_effect", 2, 1, 1},
                 {"expressed_with", 3, 3, 1},
                 {"is_a", 0, 0, 1},
                 {"description", 0, LITERAL, 1}};

static size_t count_of(int type, size_t nodes)
{
    return nodes * types[type].share / 16 + 1;
}

static void node_name(name *s, int type, size_t x)
{
    s->len = 0;
    if (types[type].kind == 1)
        drug_name(s, x);
    else if (types[type].kind == 2)
        gene_name(s, x);
    else if (x % 2)
        zh_name(s, x / 2);
    else
        en_name(s, x / 2);
    /* Some names are those of a disease and of something else: two nodes. */
    if (types[type].kind == 0 && x % 16 != 0)
        add(s, x % 2 ? types[type].zh : types[type].en);
}

static void node(name *s, int type, size_t nodes, mkg__rng *r)
{
    double u = mkg__rng_double(r);
    node_name(s, type, (size_t)((double)count_of(type, nodes) * u * u * u));
}

static void text(name *s, mkg__rng *r)
{
    s->len = 0;
    for (size_t i = 0, n = 2 + mkg__rng_u64(r) % 6; i < n; i++) {
        zh_name(s, mkg__rng_u64(r) % 10800);
        add(s, i + 1 < n ? "，" : "。");
    }
}

static void codes(size_t nodes)
{
    name s;
    for (int type = 0; type < (int)COUNT(types); type++)
        for (size_t x = 0; x < count_of(type, nodes); x++) {
            node_name(&s, type, x);
            printf("%s\tskos:notation\tGEN:%c%07zu\t%s\t\n", s.text, 'A' + (char)type,
                   x, types[type].name);
        }
}

int main(int argc, char **argv)
{
    static const char *const none = "";
    unsigned long long facts = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    size_t nodes =
        argc > 3 ? (size_t)strtoull(argv[3], NULL, 10) : (size_t)(facts / 10);
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    name s, o;

    printf("subject\trelation\tobject\tsubject_type\tobject_type\n");
    if (argc > 4 && strcmp(argv[4], "codes") == 0) codes(nodes);
    for (unsigned long long i = 0; i < facts && argc <= 4; i++) {
        unsigned x = (unsigned)(mkg__rng_u64(&r) % 16);
        size_t k = 0;
        while (x >= relations[k].share)
            x -= relations[k++].share;
        bool literal = relations[k].object == LITERAL;
        node(&s, relations[k].subject, nodes, &r);
        if (literal)
            text(&o, &r);
        else
            node(&o, relations[k].object, nodes, &r);
        printf("%s\t%s\t%s\t%s\t%s\n", s.text, relations[k].name, o.text,
               types[relations[k].subject].name,
               literal ? none : types[relations[k].object].name);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
