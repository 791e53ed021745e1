/* Names, labels and doses by chance. */
#include "lm/invent.h"

#include "base/err.h"
#include "base/recode.h"
#include "base/text.h"

#include <string.h>

/* GB 2312: rows 16 to 55 are the common characters, 94 a row, the last one short. */
enum { FIRST_ROW = 0xb0, LAST_ROW = 0xd7, FIRST_CELL = 0xa1, LAST_CELL = 0xfe };

static size_t below(mkg__rng *r, size_t n)
{
    return mkg__rng_below(r, (uint32_t)n);
}

static bool chance(mkg__rng *r, unsigned percent)
{
    return below(r, 100) < percent;
}

#define PICK(rng, list) ((list)[below((rng), sizeof(list) / sizeof *(list))])

static void put_char(mkg__buf *b, uint32_t c)
{
    if (c < 0x80) {
        mkg__buf_byte(b, (unsigned char)c);
    } else if (c < 0x800) {
        mkg__buf_byte(b, (unsigned char)(0xc0 | c >> 6));
        mkg__buf_byte(b, (unsigned char)(0x80 | (c & 0x3f)));
    } else {
        mkg__buf_byte(b, (unsigned char)(0xe0 | c >> 12));
        mkg__buf_byte(b, (unsigned char)(0x80 | (c >> 6 & 0x3f)));
        mkg__buf_byte(b, (unsigned char)(0x80 | (c & 0x3f)));
    }
}

/* ---- the characters ---- */

static mkg_status read_common(mkg__inventor *v, mkg_err *err)
{
    enum { CELLS = (LAST_ROW - FIRST_ROW + 1) * (LAST_CELL - FIRST_CELL + 1) };
    mkg__recode *r = NULL;
    char text[16];
    mkg_status st = mkg__recode_new(MKG_GB18030, &r, err);
    if (st < 0) return st;
    v->common = mkg__malloc(CELLS * sizeof *v->common);
    for (int row = FIRST_ROW; v->common && row <= LAST_ROW; row++)
        for (int cell = FIRST_CELL; cell <= LAST_CELL; cell++) {
            const char in[2] = {(char)row, (char)cell};
            size_t used, n, len;
            mkg__recode_run(r, mkg__view(in, 2), true, &used, text, sizeof text, &n);
            uint32_t c = n ? mkg__utf8_decode(text, n, &len) : 0;
            if (n && len == n && mkg__is_han(c)) v->common[v->ncommon++] = c;
        }
    mkg__recode_free(r);
    return v->common ? MKG_OK : mkg__nomem(err);
}

static bool read_own(mkg__inventor *v, const char *name)
{
    size_t n = strlen(name), len;
    for (size_t i = 0; i < n; i += len) {
        uint32_t c = mkg__utf8_decode(name + i, n - i, &len);
        if (!mkg__is_han(c) || c > 0xffff) continue;
        if (!mkg__grow(&v->own, &v->cap, v->nown + 1, sizeof *v->own)) return false;
        v->own[v->nown++] = c;
    }
    return true;
}

mkg_status mkg__inventor_new(const mkg_corpus *c, mkg__inventor *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    memset(out, 0, sizeof *out);
    MKG_GO(read_common(out, err));
    for (size_t i = 0; i < c->nthings && st >= 0; i++)
        if (!read_own(out, c->things[i].name[0])) st = mkg__nomem(err);
out:
    if (st < 0) mkg__inventor_clear(out);
    return st;
}

void mkg__inventor_clear(mkg__inventor *v)
{
    mkg__free(v->own);
    mkg__free(v->common);
    memset(v, 0, sizeof *v);
}

/* ---- parts of names ---- */

/* Mostly those of the trade, the other common ones, and now and then one that no
 * vocabulary has. */
static void put_han(const mkg__inventor *v, mkg__rng *r, size_t n, mkg__buf *b)
{
    bool rare = chance(r, 2);
    for (size_t i = 0; i < n; i++) {
        size_t dice = below(r, 100);
        if (rare)
            put_char(b, 0x4e00 + (uint32_t)below(r, 0x9fa6 - 0x4e00));
        else if (dice < 55 && v->nown)
            put_char(b, v->own[below(r, v->nown)]);
        else
            put_char(b, v->common[below(r, v->ncommon)]);
    }
}

static void put_syllables(mkg__rng *r, size_t n, mkg__buf *b)
{
    static const char *const heads[] = {"b",  "br", "c",  "ch", "cl", "d", "dr", "f",
                                        "fl", "g",  "gl", "h",  "k",  "l", "m",  "n",
                                        "p",  "ph", "pr", "qu", "r",  "s", "sc", "st",
                                        "t",  "th", "tr", "v",  "w",  "x", "z",  ""};
    static const char *const middles[] = {"a",  "e",  "i",  "o",  "u",  "y",
                                          "ae", "ia", "io", "ou", "ea", "oi"};
    static const char *const ends[] = {"",  "",  "",  "l", "m",  "n",
                                       "r", "s", "x", "t", "nd", "ct"};
    for (size_t i = 0; i < n; i++) {
        mkg__buf_str(b, PICK(r, heads));
        mkg__buf_str(b, PICK(r, middles));
        mkg__buf_str(b, PICK(r, ends));
    }
}

/* "XQ-17", "B12", "Hx3" */
static void put_code(mkg__rng *r, mkg__buf *b)
{
    size_t letters = 1 + below(r, 4), digits = below(r, 4) + (letters == 1);
    bool lower = chance(r, 15);
    for (size_t i = 0; i < letters; i++)
        mkg__buf_byte(b, (unsigned char)((lower && i ? 'a' : 'A') + below(r, 26)));
    if (digits && chance(r, 40)) mkg__buf_byte(b, '-');
    for (size_t i = 0; i < digits; i++)
        mkg__buf_byte(b, (unsigned char)('0' + below(r, 10)));
}

static void put_number(mkg__rng *r, mkg__buf *b)
{
    mkg__buf_printf(b, "%zu", 1 + below(r, chance(r, 70) ? 12 : 400));
    if (chance(r, 20)) mkg__buf_printf(b, ".%zu", below(r, 100));
}

static void put_latin_word(mkg__rng *r, mkg__buf *b)
{
    static const char *const tails[] = {"itis", "osis", "emia",   "ine", "ol",  "ide",
                                        "mab",  "pril", "cillin", "ia",  "oma", "pathy",
                                        "ate",  "one",  "al",     "ic",  "gen"};
    size_t n = 1 + below(r, 3);
    put_syllables(r, n, b);
    if (n == 1 || chance(r, 50)) mkg__buf_str(b, PICK(r, tails));
}

/* ---- names ---- */

typedef struct tails {
    const char *type;
    const char *zh[8], *en[8];
} tails;

static const char *tail_of(const char *type, mkg_lang lang, mkg__rng *r)
{
    static const tails all[] = {
        {"disease",
         {"病", "症", "综合征", "炎", "癌", "瘤", "损伤", "感染"},
         {"disease", "syndrome", "disorder", "cancer", "infection", "injury", "fever",
          "deficiency"}},
        {"symptom",
         {"痛", "不适", "障碍", "异常", "肿", "减退", "感", "出血"},
         {"pain", "swelling", "loss", "weakness", "discomfort", "spasm", "bleeding",
          "rash"}},
        {"drug",
         {"片", "胶囊", "素", "注射液", "颗粒", "酸", "灵", "单抗"},
         {"acid", "sodium", "tablets", "hydrochloride", "sulfate", "extract", "gel",
          "oil"}},
        {"test",
         {"检查", "测定", "试验", "造影", "扫描", "培养", "活检", "镜检"},
         {"test", "scan", "count", "imaging", "culture", "biopsy", "assay", "level"}},
        {"procedure",
         {"术", "疗法", "治疗", "切除术", "训练", "护理", "置换术", "干预"},
         {"therapy", "surgery", "repair", "resection", "training", "care",
          "replacement", "massage"}},
        {"department",
         {"科", "内科", "外科", "门诊", "中心", "病区", "专科", "室"},
         {"department", "clinic", "surgery", "medicine", "unit", "centre", "ward",
          "service"}},
        {"food",
         {"菜", "汤", "果", "粥", "鱼", "肉", "茶", "豆"},
         {"soup", "fruit", "tea", "fish", "meat", "beans", "juice", "bread"}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(type, all[i].type) == 0)
            return lang == MKG_LANG_ZH ? PICK(r, all[i].zh) : PICK(r, all[i].en);
    return "";
}

static void invent_zh(const mkg__inventor *v, const char *type, mkg__rng *r,
                      mkg__buf *b)
{
    size_t dice = below(r, 100);
    if (dice < 62) {
        put_han(v, r, 2 + below(r, 4), b);
        mkg__buf_str(b, chance(r, 55) ? tail_of(type, MKG_LANG_ZH, r) : "");
        if (chance(r, 20)) put_han(v, r, 1 + below(r, 2), b);
    } else if (dice < 72) {
        put_number(r, b);
        mkg__buf_str(b, chance(r, 60) ? "型" : "");
        put_han(v, r, 2 + below(r, 3), b);
        mkg__buf_str(b, tail_of(type, MKG_LANG_ZH, r));
    } else if (dice < 82) {
        put_han(v, r, 1 + below(r, 3), b);
        put_code(r, b);
        if (chance(r, 40)) put_han(v, r, 1 + below(r, 2), b);
    } else if (dice < 90) {
        put_code(r, b);
        if (chance(r, 60)) put_han(v, r, 1 + below(r, 3), b);
    } else if (dice < 95) {
        put_latin_word(r, b);
        if (chance(r, 60)) mkg__buf_str(b, tail_of(type, MKG_LANG_ZH, r));
    } else {
        put_han(v, r, 2 + below(r, 3), b);
        mkg__buf_str(b, chance(r, 50) ? "（" : "-");
        bool round = b->ptr && b->len && (unsigned char)b->ptr[b->len - 1] == 0x88;
        put_han(v, r, 1 + below(r, 3), b);
        if (round) mkg__buf_str(b, "）");
    }
}

static void invent_en(const char *type, mkg__rng *r, mkg__buf *b)
{
    static const char *const fronts[] = {"acute",    "chronic", "primary",   "familial",
                                         "severe",   "oral",    "type 2",    "mild",
                                         "atypical", "low",     "recurrent", "deep"};
    size_t dice = below(r, 100), start = b->len;
    if (dice < 40) {
        put_latin_word(r, b);
        if (chance(r, 50)) mkg__buf_printf(b, " %s", tail_of(type, MKG_LANG_EN, r));
    } else if (dice < 60) {
        mkg__buf_printf(b, "%s ", PICK(r, fronts));
        put_latin_word(r, b);
        if (chance(r, 50)) mkg__buf_printf(b, " %s", tail_of(type, MKG_LANG_EN, r));
    } else if (dice < 75) {
        put_latin_word(r, b);
        mkg__buf_byte(b, chance(r, 70) ? ' ' : '-');
        put_latin_word(r, b);
    } else if (dice < 87) {
        put_code(r, b);
        if (chance(r, 50)) mkg__buf_printf(b, " %s", tail_of(type, MKG_LANG_EN, r));
    } else if (dice < 94) {
        put_latin_word(r, b);
        mkg__buf_byte(b, ' ');
        put_code(r, b);
    } else {
        put_latin_word(r, b);
        mkg__buf_str(b, "'s ");
        mkg__buf_str(b, tail_of("disease", MKG_LANG_EN, r));
    }
    while (!b->failed && b->len > start && b->ptr[b->len - 1] == ' ')
        b->len--;
    if (!b->failed && b->len > start && chance(r, 15) && b->ptr[start] >= 'a' &&
        b->ptr[start] <= 'z')
        b->ptr[start] = (char)(b->ptr[start] - 'a' + 'A');
}

void mkg__invent_name(const mkg__inventor *v, mkg_lang lang, const char *type,
                      mkg__rng *rng, mkg__buf *out)
{
    if (lang == MKG_LANG_EN)
        invent_en(type, rng, out);
    else
        invent_zh(v, type, rng, out);
}

void mkg__invent_label(const mkg__inventor *v, mkg_lang lang, mkg__rng *rng,
                       mkg__buf *out)
{
    if (lang == MKG_LANG_EN) {
        put_latin_word(rng, out);
        if (chance(rng, 40)) {
            mkg__buf_byte(out, ' ');
            put_latin_word(rng, out);
        }
    } else {
        put_han(v, rng, 2 + below(rng, 3), out);
    }
}

void mkg__invent_value(mkg_lang lang, mkg__rng *r, mkg__buf *b)
{
    static const char *const zh[] = {"天",    "周",    "个月", "年",     "元",   "小时",
                                     "岁",    "次",    "%",    "mmol/L", "mmHg", "℃",
                                     "次/分", "kg/m²", "g/L",  "个疗程"};
    static const char *const en[] = {" days",  " weeks", " months", " years",  " hours",
                                     " times", "%",      " mmol/L", " mmHg",   " °C",
                                     " /min",  " kg/m²", " g/L",    " courses"};
    bool is_zh = lang != MKG_LANG_EN;
    if (chance(r, 30)) mkg__buf_str(b, is_zh ? "约" : "about ");
    put_number(r, b);
    if (chance(r, 45)) {
        mkg__buf_str(b, chance(r, 50) ? "-" : is_zh ? "～" : "–");
        put_number(r, b);
    }
    mkg__buf_str(b, is_zh ? PICK(r, zh) : PICK(r, en));
}

void mkg__invent_source(const mkg__inventor *v, mkg_lang lang, mkg__rng *rng,
                        mkg__buf *out)
{
    static const char *const zh[] = {"指南", "说明书", "共识",
                                     "教材", "数据集", "手册"};
    static const char *const en[] = {"guideline", "label", "consensus",
                                     "textbook",  "trial", "handbook"};
    if (chance(rng, 15)) {
        put_code(rng, out);
        mkg__buf_str(out, chance(rng, 50) ? ".json" : "");
    } else if (lang == MKG_LANG_EN) {
        put_latin_word(rng, out);
        mkg__buf_printf(out, " %s", PICK(rng, en));
    } else {
        put_han(v, rng, 2 + below(rng, 3), out);
        mkg__buf_str(out, PICK(rng, zh));
    }
    if (chance(rng, 40))
        mkg__buf_printf(out, lang == MKG_LANG_EN ? " %zu" : "%zu",
                        1990 + below(rng, 40));
}

void mkg__invent_dose(mkg_lang lang, mkg__rng *r, mkg__buf *b)
{
    static const char *const units[] = {"mg", "g",     "μg",     "mL",
                                        "IU", "mg/kg", "mmol/L", "U/kg"};
    static const char *const pieces_zh[] = {"片", "粒", "袋", "支", "滴", "丸"};
    static const char *const pieces_en[] = {"tablet(s)", "capsule(s)", "drops",
                                            "sachet(s)", "puffs",      "ampoule(s)"};
    static const char *const ways_zh[] = {"口服", "静脉滴注", "皮下注射", "外用",
                                          "含服", "饭后口服", "睡前口服"};
    static const char *const ways_en[] = {"by mouth",       "intravenously",
                                          "under the skin", "on the skin",
                                          "after meals",    "at bedtime"};
    bool zh = lang != MKG_LANG_EN, unit = chance(r, 70);
    size_t times = 1 + below(r, 4);
    if (zh) mkg__buf_printf(b, "%s，一次", PICK(r, ways_zh));
    put_number(r, b);
    if (chance(r, 25)) {
        mkg__buf_str(b, zh ? "～" : "–");
        put_number(r, b);
    }
    if (unit)
        mkg__buf_printf(b, zh ? "%s" : " %s", PICK(r, units));
    else
        mkg__buf_printf(b, zh ? "%s" : " %s",
                        zh ? PICK(r, pieces_zh) : PICK(r, pieces_en));
    if (zh)
        mkg__buf_printf(b, "，一日%zu次", times);
    else
        mkg__buf_printf(b, " %s, %zu times a day", PICK(r, ways_en), times);
}
