/* Reading DB/names.idx: the map, its checks, the trie. */
#include "retrieve/name_file_internal.h"

#include "base/hash.h"
#include "retrieve/name_words_internal.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *mkg__name_kind_how(mkg__name_kind kind)
{
    static const char *const how[] = {"exact", "alias", "colloquial", "colloquial"};
    return how[kind < MKG__NAME_KINDS ? kind : 0];
}

float mkg__gram_idf(uint64_t surfaces, uint32_t frequency)
{
    double n = (double)surfaces, df = frequency ? frequency : 0.5;
    return (float)log1p((n - df + 0.5 > 0.5 ? n - df + 0.5 : 0.5) / (df + 0.5));
}

/* Where each section begins and, last, where the file ends; false if that is no size.
 */
bool mkg__names_layout(const mkg__names_header *h, size_t at[MKG__SECTIONS + 1])
{
    const uint64_t most = UINT32_MAX / 2;
    if (h->surfaces > most || h->entries > most || h->states > most ||
        h->grams > most || h->nodes > most || h->types > most ||
        h->text_bytes > UINT32_MAX || h->posting_bytes > UINT32_MAX ||
        h->type_bytes > most || h->keys > most)
        return false;
    const uint64_t bytes[MKG__SUMS] = {
        [MKG__TEXT_START] = (h->surfaces + 1) * 4,
        [MKG__ENTRY_START] = (h->surfaces + 1) * 4,
        [MKG__NORM] = h->surfaces * 8,
        [MKG__ENTRY] = h->entries * 4,
        [MKG__KIND] = h->entries,
        [MKG__CHILD] = (h->states + 1) * 4,
        [MKG__END] = h->states * 4,
        [MKG__LABEL] = h->states,
        [MKG__GRAM] = h->grams * 8,
        [MKG__POSTING_AT] = (h->grams + 1) * 4,
        [MKG__FREQUENCY] = h->grams * 4,
        [MKG__NODE] = h->nodes * 4,
        [MKG__NODE_TYPE] = h->nodes * 4,
        [MKG__NODE_DEGREE] = h->nodes * 4,
        [MKG__WORD_KEY] = h->keys * 4,
        [MKG__WORD_NAME] = h->keys * 4,
        [MKG__TEXT] = h->text_bytes,
        [MKG__POSTING] = h->posting_bytes,
        [MKG__TYPE_NAMES] = h->type_bytes,
    };
    uint64_t end = sizeof *h;
    for (int s = 0; s < MKG__SUMS; s++) {
        at[s] = (size_t)end;
        end += (bytes[s] + 7) / 8 * 8;
    }
    at[MKG__SUMS] = (size_t)end;
    uint64_t blocks = (end - sizeof *h + MKG__NAMES_BLOCK - 1) / MKG__NAMES_BLOCK;
    at[MKG__SECTIONS] = (size_t)(end + blocks * 8);
    return true;
}

static size_t blocks_of(const mkg__names *x)
{
    return (x->at[MKG__SECTIONS] - x->at[MKG__SUMS]) / 8;
}

/* ---- every byte is held against its checksum before it is used ---- */

static bool check_block(mkg__names *x, size_t b)
{
    size_t from = sizeof x->h + b * MKG__NAMES_BLOCK, end = from + MKG__NAMES_BLOCK;
    uint64_t want;
    if (end > x->at[MKG__SUMS]) end = x->at[MKG__SUMS];
    memcpy(&want, x->base + x->at[MKG__SUMS] + b * 8, sizeof want);
    if (mkg__hash64(x->base + from, end - from, b) != want) return false;
    x->sound[b / 8] |= (unsigned char)(1u << b % 8);
    return true;
}

const void *mkg__names_look(const mkg__names *x, mkg__names_section s, size_t from,
                            size_t n)
{
    mkg__names *w =
        (mkg__names *)(uintptr_t)x; /* what has been checked is no content */
    size_t room = x->at[s + 1] - x->at[s];
    if (x->damaged || from > room || n > room - from) goto bad;
    size_t at = x->at[s] + from - sizeof x->h;
    for (size_t b = at / MKG__NAMES_BLOCK; n && b <= (at + n - 1) / MKG__NAMES_BLOCK;
         b++)
        if (!(x->sound[b / 8] >> b % 8 & 1) && !check_block(w, b)) goto bad;
    return x->base + x->at[s] + from;
bad:
    w->damaged = true;
    return NULL;
}

static bool number(const mkg__names *x, mkg__names_section s, size_t i, uint32_t *out)
{
    const void *p = mkg__names_look(x, s, i * 4, 4);
    *out = 0;
    if (p) memcpy(out, p, 4);
    return p;
}

/* Numbers i and i + 1, the ends of a stretch of what has `limit` parts. */
static bool stretch(const mkg__names *x, mkg__names_section s, size_t i, uint64_t limit,
                    uint32_t out[2])
{
    const void *p = mkg__names_look(x, s, i * 4, 8);
    out[0] = out[1] = 0;
    if (!p) return false;
    memcpy(out, p, 8);
    if (out[0] <= out[1] && out[1] <= limit) return true;
    ((mkg__names *)(uintptr_t)x)->damaged = true;
    out[0] = out[1] = 0;
    return false;
}

bool mkg__names_damaged(const mkg__names *x)
{
    return x->damaged;
}

void mkg__names_free(mkg__names *x)
{
    if (!x) return;
    if (x->mapped)
        munmap(x->base, x->bytes);
    else
        mkg__free(x->base);
    mkg__free(x->sound);
    mkg__free(x->score);
    mkg__free(x);
}

/* Header, sizes and the checksums' own; the rest is checked as it is read. */
static bool fits(mkg__names *x, const mkg__names_key *key)
{
    if (x->bytes < sizeof x->h) return false;
    memcpy(&x->h, x->base, sizeof x->h);
    if (memcmp(x->h.magic, MKG__NAMES_MAGIC, sizeof x->h.magic) != 0 ||
        x->h.endian != MKG__NAMES_ENDIAN || memcmp(&x->h.key, key, sizeof *key) != 0 ||
        x->h.header_hash !=
            mkg__hash64(&x->h, offsetof(mkg__names_header, header_hash), 0) ||
        !mkg__names_layout(&x->h, x->at) || x->at[MKG__SECTIONS] != x->bytes ||
        x->h.sums_hash != mkg__hash64(x->base + x->at[MKG__SUMS], blocks_of(x) * 8, 0))
        return false;
    x->sound = mkg__calloc(blocks_of(x) / 8 + 1, 1);
    return x->sound;
}

mkg__names *mkg__names_map(const char *path, const mkg__names_key *key)
{
    struct stat sb;
    mkg__names *x = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) return NULL;
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0)
        x = mkg__calloc(1, sizeof *x);
    if (x) {
        x->bytes = (size_t)sb.st_size;
        x->base = mmap(NULL, x->bytes, PROT_READ, MAP_SHARED, fd, 0);
        x->mapped = x->base != MAP_FAILED;
        if (!x->mapped) x->base = NULL;
        if (!x->mapped || !fits(x, key)) {
            mkg__names_free(x);
            x = NULL;
        }
    }
    close(fd);
    return x;
}

/* ---- surfaces ---- */

size_t mkg__names_count(const mkg__names *x)
{
    return (size_t)x->h.surfaces;
}

mkg_view mkg__names_text(const mkg__names *x, uint32_t surface)
{
    uint32_t at[2];
    const char *p;
    if (surface >= x->h.surfaces ||
        !stretch(x, MKG__TEXT_START, surface, x->h.text_bytes, at) ||
        !(p = mkg__names_look(x, MKG__TEXT, at[0], at[1] - at[0])))
        return mkg__view("", 0);
    return mkg__view(p, at[1] - at[0]);
}

size_t mkg__names_entries(const mkg__names *x, uint32_t surface)
{
    uint32_t at[2];
    if (surface >= x->h.surfaces) return 0;
    stretch(x, MKG__ENTRY_START, surface, x->h.entries, at);
    return at[1] - at[0];
}

mkg__name_entry mkg__names_entry(const mkg__names *x, uint32_t surface, size_t i)
{
    mkg__name_entry e = {MKG_ID_NONE, MKG__NAME_PREFERRED};
    uint32_t at[2];
    if (surface >= x->h.surfaces ||
        !stretch(x, MKG__ENTRY_START, surface, x->h.entries, at) || i >= at[1] - at[0])
        return e;
    const unsigned char *kind = mkg__names_look(x, MKG__KIND, at[0] + i, 1);
    number(x, MKG__ENTRY, at[0] + i, &e.node);
    if (kind && *kind < MKG__NAME_KINDS) e.kind = *kind;
    return e;
}

static size_t node_place(const mkg__names *x, mkg_id node)
{
    size_t lo = 0, hi = (size_t)x->h.nodes;
    uint32_t v;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (!number(x, MKG__NODE, mid, &v)) return (size_t)x->h.nodes;
        if (v < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < x->h.nodes && number(x, MKG__NODE, lo, &v) && v == node
               ? lo
               : (size_t)x->h.nodes;
}

uint32_t mkg__names_degree(const mkg__names *x, mkg_id node)
{
    uint32_t degree = 0;
    size_t at = node_place(x, node);
    if (at < x->h.nodes) number(x, MKG__NODE_DEGREE, at, &degree);
    return degree;
}

uint32_t mkg__names_type(const mkg__names *x, mkg_id node)
{
    uint32_t type;
    size_t at = node_place(x, node);
    if (at >= x->h.nodes || !number(x, MKG__NODE_TYPE, at, &type) || type >= x->h.types)
        return MKG_NAMES_NONE;
    return type;
}

size_t mkg__names_types(const mkg__names *x)
{
    return (size_t)x->h.types;
}

mkg_view mkg__names_type_name(const mkg__names *x, uint32_t type)
{
    const char *p = mkg__names_look(x, MKG__TYPE_NAMES, 0, (size_t)x->h.type_bytes);
    const char *end = p ? p + x->h.type_bytes : NULL;
    for (uint32_t i = 0; p && p < end; i++) {
        const char *nul = memchr(p, 0, (size_t)(end - p));
        if (!nul) break;
        if (i == type) return mkg__view(p, (size_t)(nul - p));
        p = nul + 1;
    }
    return mkg__view("", 0);
}

/* ---- the trie ---- */

/* The child of a state by a byte; 0 (the root is nobody's child) if there is none. */
static uint32_t step(const mkg__names *x, uint32_t state, unsigned char byte)
{
    uint32_t at[2];
    if (!stretch(x, MKG__CHILD, state, x->h.states, at) || at[0] == at[1]) return 0;
    const unsigned char *label = mkg__names_look(x, MKG__LABEL, at[0], at[1] - at[0]);
    const unsigned char *hit = label ? memchr(label, byte, at[1] - at[0]) : NULL;
    return hit ? at[0] + (uint32_t)(hit - label) : 0;
}

size_t mkg__names_prefixes(const mkg__names *x, const char *text, size_t n,
                           mkg__name_match *out, size_t cap)
{
    size_t found = 0;
    uint32_t state = 0, end;

    if (x->h.states == 0) return 0;
    for (size_t depth = 0; found < cap; depth++) {
        if (!number(x, MKG__END, state, &end)) break;
        if (end & MKG__TAIL) {
            uint32_t surface = (end & ~MKG__TAIL) - 1;
            mkg_view name = mkg__names_text(x, surface);
            if (name.len >= depth && name.len <= n && name.len > 0 &&
                memcmp(name.ptr + depth, text + depth, name.len - depth) == 0)
                out[found++] = (mkg__name_match){surface, (uint32_t)name.len};
            break;
        }
        if (end > x->h.surfaces) {
            ((mkg__names *)(uintptr_t)x)->damaged = true;
            break;
        }
        if (end && depth) out[found++] = (mkg__name_match){end - 1, (uint32_t)depth};
        if (depth == n || !(state = step(x, state, (unsigned char)text[depth]))) break;
    }
    return found;
}

void mkg__names_range(const mkg__names *x, const char *text, size_t n, uint32_t *from,
                      uint32_t *to)
{
    for (int end = 0; end < 2; end++) {
        uint32_t lo = end ? *from : 0, hi = (uint32_t)x->h.surfaces;
        while (lo < hi && !x->damaged) {
            uint32_t mid = lo + (hi - lo) / 2;
            mkg_view name = mkg__names_text(x, mid);
            size_t common = name.len < n ? name.len : n;
            int order = memcmp(name.ptr, text, common);
            bool before = order < 0 || (order == 0 && (name.len < n || end));
            if (before)
                lo = mid + 1;
            else
                hi = mid;
        }
        *(end ? to : from) = lo;
    }
}

uint32_t mkg__names_find(const mkg__names *x, const char *text, size_t n)
{
    uint32_t from, to;
    mkg__names_range(x, text, n, &from, &to);
    return from < to && mkg__names_text(x, from).len == n ? from : MKG_NAMES_NONE;
}

/* The first place whose key is not below it. */
static size_t key_place(const mkg__names *x, uint32_t key)
{
    size_t lo = 0, hi = (size_t)x->h.keys;
    uint32_t v;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (!number(x, MKG__WORD_KEY, mid, &v)) return (size_t)x->h.keys;
        if (v < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint32_t mkg__names_same_words(const mkg__names *x, uint64_t key)
{
    uint32_t best = MKG_NAMES_NONE, v, surface;
    mkg__name_kind kind = MKG__NAME_KINDS;

    for (size_t i = key_place(x, (uint32_t)(key >> 32)); key && i < x->h.keys; i++) {
        if (!number(x, MKG__WORD_KEY, i, &v) || v != key >> 32) break;
        if (!number(x, MKG__WORD_NAME, i, &surface)) break;
        if (mkg__word_key(mkg__names_text(x, surface)) != key) continue;
        mkg__name_kind k = mkg__names_entry(x, surface, 0).kind;
        if (k < kind) {
            kind = k;
            best = surface;
        }
    }
    return best;
}
