/* Models of intents, with or without the right checksum, and lines of question frames;
 * and a model of made-up weights that is written and opened again. */
#include "fuzz.h"

#include "base/hash.h"
#include "kg/writer.h"
#include "retrieve/classify_internal.h"
#include "retrieve/intents.h"

#include <math.h>

enum { CHECKSUM_AT = 56, HEADER = 64 };

static const char vocabulary[] = "relation\tinverse\tkind\tsubject_type\tobject_type\t"
                                 "label_zh\tlabel_en\tsentence_zh\tsentence_en\t"
                                 "phrases_zh\tphrases_en\taliases\n"
                                 "a\tb\tnode\tx\ty\t\t\t\t\t症状\tsymptom\t\n"
                                 "b\ta\tnode\ty\tx\t\t\t\t\t什么病\twhich\t\n"
                                 "c\t\tliteral\tx\t\t\t\t\t\t多少钱\tcost\t\n";
static mkg_kg *kg;

static void make_store(void)
{
    CHECK_OK(mkg_kg_open_write(fuzz_path("db"), &kg, &fuzz_err));
    CHECK_OK(mkg_kg_load_relations(
        kg, fuzz_file("relations.tsv", vocabulary, sizeof vocabulary - 1), &fuzz_err));
}

/* What the model says of a question is in order and within bounds. */
static void check_model(const mkg__classifier *c, const char *text)
{
    mkg__question q = {.text = text, .len = strlen(text)};
    mkg__spans spans = {0};
    mkg__class_score out[2];
    size_t n = 2;
    if (mkg__fold(text, q.len, &q.folded, &q.map, &fuzz_err) >= 0) {
        CHECK_OK(mkg__classify(c, &q, &spans, 0, out, &n, &fuzz_err));
        CHECK(n <= 2 && n <= mkg__classifier_size(c));
        for (size_t i = 0; i < n; i++) {
            CHECK(out[i].relation && out[i].p >= 0 && out[i].p <= 1);
            if (i) CHECK(out[i - 1].p >= out[i].p);
        }
    }
    mkg__buf_clear(&q.folded);
    mkg__free(q.map);
}

static void open_bytes(fuzz_input in, bool repair)
{
    mkg__classifier *c;
    char *bytes = fuzz_text(in);
    if (repair && in.n >= HEADER) {
        uint64_t hash = mkg__hash64(bytes + HEADER, in.n - HEADER,
                                    mkg__hash64(bytes, CHECKSUM_AT, 0));
        memcpy(bytes + CHECKSUM_AT, &hash, sizeof hash);
    }
    mkg_status st =
        mkg__classifier_open(kg, fuzz_file("m", bytes, in.n), &c, &fuzz_err);
    CHECK(st == MKG_OK || (!c && (st == MKG_ESTORE || st == MKG_NOTFOUND)));
    if (st == MKG_OK) check_model(c, "症状是什么 which 多少钱?");
    mkg__classifier_free(c);
    free(bytes);
}

static void write_and_open(fuzz_input in)
{
    enum { KEYS = 40 };
    uint32_t keys[KEYS];
    float weights[KEYS * 3] = {0};
    mkg__classes classes;
    mkg__classifier *c;
    size_t bytes;
    CHECK_OK(mkg__classes_of(kg, &classes, &fuzz_err));
    mkg__model m = {.classes = &classes,
                    .vocabulary = mkg__classes_hash(&classes),
                    .slope = 1,
                    .threshold = 0.5f,
                    .linear = {.nclasses = 3, .keys = keys, .weights = weights}};
    for (uint32_t key = 0; in.n && m.linear.nfeatures < KEYS;) {
        key += 1 + fuzz_byte(&in) * 0x10203u;
        keys[m.linear.nfeatures] = key;
        for (int k = 0; k < 3; k++)
            weights[m.linear.nfeatures * 3 + (size_t)k] =
                (float)(int)fuzz_byte(&in) - 128;
        m.linear.nfeatures++;
    }
    const char *path = fuzz_path("written");
    CHECK_OK(mkg__model_write(path, &m, &bytes, &fuzz_err));
    CHECK(bytes <= mkg__model_bytes(3, m.linear.nfeatures, m.linear.nfeatures * 3));
    CHECK(mkg__classifier_open(kg, path, &c, &fuzz_err) == MKG_OK);
    CHECK(mkg__classifier_size(c) == 3);
    check_model(c, "症状");
    mkg__classifier_free(c);
}

static void read_frames(fuzz_input in)
{
    mkg__frames f;
    mkg__generated g;
    mkg__classes classes;
    mkg_status st =
        mkg__frames_read(fuzz_file("frames.tsv", in.p, in.n), &f, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EPARSE && fuzz_err.msg[0]));
    if (st < 0) return;
    CHECK_OK(mkg__classes_of(kg, &classes, &fuzz_err));
    st = mkg__generate(kg, &classes, &f, 3, 1, &g, &fuzz_err);
    CHECK(st == MKG_OK);
    CHECK(g.samples.n >= 9);
    mkg__generated_clear(&g);
    mkg__frames_clear(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);

    if (!kg) make_store();
    if (how & 2)
        write_and_open(in);
    else if (how & 4)
        read_frames(in);
    else
        open_bytes(in, how & 1);
    return 0;
}
