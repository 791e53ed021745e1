#include "kg/tree_internal.h"

#include "base/err.h"

#include <string.h>

/* LMDB's page: a header of 16 bytes (number 8, key size of LEAF2 2, flags 2, lower 2,
 * upper 2; for an overflow page the last four are the number of pages), then 2 bytes
 * for each node that say where it is. A node: 8 bytes (size or page number in 4, flags
 * 2, key size 2), the key, the data. A LEAF2 page has keys of one size instead of
 * nodes. */
enum {
    PAGE_HEADER = 16,
    NODE_HEADER = 8,
    TREE_BYTES = 48,
    P_BRANCH = 0x01,
    P_LEAF = 0x02,
    P_OVERFLOW = 0x04,
    P_LEAF2 = 0x20,
    N_BIG = 0x01,  /* the data stand on overflow pages */
    N_TREE = 0x02, /* the data are a tree */
    N_DUP = 0x04,  /* the key has several values: a small page, or a tree */
    LEVELS = 32
};

/* A page of a tree, or a small page within a leaf; and a place in it. */
typedef struct level {
    const unsigned char *p;
    uint32_t size, n, at;
    uint16_t flags, key_size;
    uint64_t number; /* page of the file, for messages */
} level;

/* From the root to a leaf; depth 0: nowhere. */
typedef struct spine {
    level at[LEVELS];
    unsigned depth;
} spine;

typedef struct node {
    uint16_t flags;
    uint64_t child; /* in a branch */
    mkg_view key, data;
    uint32_t data_size;
} node;

static uint16_t u16(const unsigned char *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}

static int compare(mkg_view a, mkg_view b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static mkg_status malformed(const mkg__pages *p, const level *l, mkg_err *err)
{
    return mkg__pages_damaged(p, l->number, "what it holds makes no sense", err);
}

/* ---- pages and nodes; their bounds are checked, for a store without sums ---- */

static mkg_status level_of(const mkg__pages *p, const unsigned char *bytes,
                           uint32_t size, uint64_t number, level *l, mkg_err *err)
{
    uint32_t lower;
    memset(l, 0, sizeof *l);
    l->p = bytes;
    l->size = size;
    l->number = number;
    if (size < PAGE_HEADER) return malformed(p, l, err);
    l->key_size = u16(bytes + 8);
    l->flags = u16(bytes + 10);
    lower = u16(bytes + 12);
    if (lower < PAGE_HEADER) return malformed(p, l, err);
    l->n = (lower - PAGE_HEADER) / 2;
    if (l->flags & P_LEAF2
            ? l->key_size == 0 || l->n > (size - PAGE_HEADER) / l->key_size
            : lower > size)
        return malformed(p, l, err);
    return MKG_OK;
}

static mkg_status read_page(mkg__pages *p, uint64_t number, level *l, mkg_err *err)
{
    const unsigned char *bytes;
    uint64_t itself;
    mkg_status st = mkg__pages_get(p, number, 1, &bytes, err);
    if (st >= 0) st = level_of(p, bytes, mkg__pages_size(p), number, l, err);
    if (st < 0) return st;
    memcpy(&itself, bytes, 8);
    if (itself != number || l->n == 0 || !(l->flags & P_BRANCH) == !(l->flags & P_LEAF))
        return malformed(p, l, err);
    return MKG_OK;
}

static mkg_status node_at(const mkg__pages *p, const level *l, uint32_t i, node *out,
                          mkg_err *err)
{
    memset(out, 0, sizeof *out);
    if (i >= l->n) return malformed(p, l, err);
    if (l->flags & P_LEAF2) {
        out->key = mkg__view((const char *)l->p + PAGE_HEADER + (size_t)i * l->key_size,
                             l->key_size);
        return MKG_OK;
    }
    uint32_t at = u16(l->p + PAGE_HEADER + 2 * (size_t)i);
    if (at < PAGE_HEADER || at + NODE_HEADER > l->size) return malformed(p, l, err);
    const unsigned char *q = l->p + at;
    uint32_t left = l->size - at - NODE_HEADER, low = u16(q), high = u16(q + 2),
             key_size = u16(q + 6);
    if (key_size > left) return malformed(p, l, err);
    left -= key_size;
    out->flags = u16(q + 4);
    out->key = mkg__view((const char *)q + NODE_HEADER, key_size);
    if (l->flags & P_BRANCH) {
        out->child = (uint64_t)out->flags << 32 | (uint64_t)high << 16 | low;
        return MKG_OK;
    }
    out->data_size = high << 16 | low;
    uint32_t here = out->flags & N_BIG ? 8 : out->data_size;
    if (here > left) return malformed(p, l, err);
    out->data = mkg__view((const char *)q + NODE_HEADER + key_size, here);
    return MKG_OK;
}

static mkg_status tree_of(const mkg__pages *p, const level *l, const node *n,
                          mkg__tree *out, mkg_err *err)
{
    if (n->data.len != TREE_BYTES) return malformed(p, l, err);
    memcpy(&out->entries, n->data.ptr + 32, 8);
    memcpy(&out->root, n->data.ptr + 40, 8);
    return MKG_OK;
}

/* The pages on which the data of a node stand that did not fit into its leaf. */
static mkg_status big_data(mkg__pages *p, const node *n, uint64_t *page,
                           uint64_t *count, mkg_view *out, mkg_err *err)
{
    const unsigned char *bytes;
    uint32_t size = mkg__pages_size(p);
    memcpy(page, n->data.ptr, 8);
    *count = ((uint64_t)PAGE_HEADER + n->data_size + size - 1) / size;
    mkg_status st = mkg__pages_get(p, *page, *count, &bytes, err);
    if (st < 0) return st;
    if (!(u16(bytes + 10) & P_OVERFLOW))
        return mkg__pages_damaged(p, *page, "it holds no value", err);
    *out = mkg__view((const char *)bytes + PAGE_HEADER, n->data_size);
    return MKG_OK;
}

/* ---- the way from the root to a leaf ---- */

/* First i with key i >= key; in a branch the last i with key i <= key, where key 0
 * stands for all that is less. */
static mkg_status find_in(const mkg__pages *p, const level *l, mkg_view key,
                          uint32_t *at, bool *exact, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool branch = l->flags & P_BRANCH;
    uint32_t low = branch, high = l->n;
    node n;

    *exact = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        MKG_GO(node_at(p, l, middle, &n, err));
        int c = compare(n.key, key);
        if (c == 0) *exact = true;
        if (c < 0 || (branch && c == 0))
            low = middle + 1;
        else
            high = middle;
    }
    *at = branch ? low - 1 : low;
out:
    return st;
}

/* Go down from the level on top: to the key if there is one, else to one end. */
static mkg_status descend(mkg__pages *p, spine *s, const mkg_view *key, bool last,
                          bool *exact, mkg_err *err)
{
    mkg_status st = MKG_OK;
    node n;

    for (;;) {
        level *l = &s->at[s->depth - 1];
        if (key)
            MKG_GO(find_in(p, l, *key, &l->at, exact, err));
        else
            l->at = last ? l->n - 1 : 0;
        if (!(l->flags & P_BRANCH)) break;
        if (s->depth == LEVELS) {
            st = malformed(p, l, err);
            goto out;
        }
        MKG_GO(node_at(p, l, l->at, &n, err));
        MKG_GO(read_page(p, n.child, &s->at[s->depth], err));
        s->depth++;
    }
out:
    if (st < 0) s->depth = 0;
    return st;
}

/* To the next entry, or the one before; MKG_END leaves the spine nowhere. */
static mkg_status step(mkg__pages *p, spine *s, bool back, mkg_err *err)
{
    mkg_status st = MKG_OK;
    node n;

    while (s->depth) {
        level *l = &s->at[s->depth - 1];
        if (back ? l->at > 0 : l->at + 1 < l->n) {
            l->at = back ? l->at - 1 : l->at + 1;
            if (!(l->flags & P_BRANCH)) return MKG_OK;
            MKG_GO(node_at(p, l, l->at, &n, err));
            MKG_GO(read_page(p, n.child, &s->at[s->depth], err));
            s->depth++;
            return descend(p, s, NULL, back, NULL, err);
        }
        s->depth--;
    }
    return MKG_END;
out:
    s->depth = 0;
    return st;
}

/* To the first entry with a key >= *key, or to an end of the tree. */
static mkg_status go(mkg__pages *p, const mkg__tree *t, spine *s, const mkg_view *key,
                     bool last, bool *exact, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool found = false;

    s->depth = 0;
    if (exact) *exact = false;
    if (t->root == MKG_NO_PAGE) return MKG_END;
    MKG_GO(read_page(p, t->root, &s->at[0], err));
    s->depth = 1;
    MKG_GO(descend(p, s, key, last, &found, err));
    if (exact) *exact = found;
    level *l = &s->at[s->depth - 1];
    if (l->at == l->n) { /* behind the last of this leaf */
        l->at--;
        st = step(p, s, false, err);
    }
out:
    return st;
}

static mkg_status entry(const mkg__pages *p, const spine *s, node *out, mkg_err *err)
{
    const level *l = &s->at[s->depth - 1];
    return node_at(p, l, l->at, out, err);
}

/* ---- look-ups ---- */

mkg_status mkg__tree_named(mkg__pages *p, const char *name, mkg__tree *out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__tree names = mkg__pages_main(p);
    mkg_view key = mkg__view(name, strlen(name));
    spine s;
    bool exact;
    node n;

    *out = (mkg__tree){.root = MKG_NO_PAGE};
    MKG_GO(go(p, &names, &s, &key, false, &exact, err));
    if (st == MKG_END || !exact) return MKG_NOTFOUND;
    MKG_GO(entry(p, &s, &n, err));
    if ((n.flags & (N_TREE | N_DUP)) != N_TREE) return MKG_NOTFOUND;
    st = tree_of(p, &s.at[s.depth - 1], &n, out, err);
out:
    return st;
}

mkg_status mkg__tree_get(mkg__pages *p, const mkg__tree *t, mkg_view key,
                         mkg_view *value, mkg_err *err)
{
    mkg_status st = MKG_OK;
    spine s;
    bool exact;
    node n;
    uint64_t page, count;

    MKG_GO(go(p, t, &s, &key, false, &exact, err));
    if (st == MKG_END || !exact) return MKG_NOTFOUND;
    MKG_GO(entry(p, &s, &n, err));
    if (n.flags & (N_TREE | N_DUP))
        st = malformed(p, &s.at[s.depth - 1], err);
    else if (n.flags & N_BIG)
        st = big_data(p, &n, &page, &count, value, err);
    else
        *value = n.data;
out:
    return st;
}

/* ---- cursors ---- */

struct mkg__tcursor {
    mkg__pages *p;
    mkg__tree tree;
    spine keys;
    spine values;     /* of the key, if it has several */
    mkg__tree subset; /* these, if they are a tree of their own */
    bool several;
};

mkg__tcursor *mkg__tcursor_new(mkg__pages *p, const mkg__tree *t)
{
    mkg__tcursor *c = mkg__malloc(sizeof *c);
    if (!c) return NULL;
    c->p = p;
    c->tree = *t;
    c->keys.depth = c->values.depth = 0;
    c->several = false;
    return c;
}

void mkg__tcursor_free(mkg__tcursor *c)
{
    mkg__free(c);
}

/* The values of the key that the cursor came to: the first >= *from, else an end. */
static mkg_status enter(mkg__tcursor *c, const node *n, const mkg_view *from, bool last,
                        mkg_err *err)
{
    mkg_status st = MKG_OK;
    const level *leaf = &c->keys.at[c->keys.depth - 1];
    bool exact;

    c->several = n->flags & N_DUP;
    c->values.depth = 0;
    if (!c->several) return MKG_OK;
    c->subset = (mkg__tree){.root = MKG_NO_PAGE};
    if (n->flags & N_TREE) {
        MKG_GO(tree_of(c->p, leaf, n, &c->subset, err));
        return go(c->p, &c->subset, &c->values, from, last, NULL, err);
    }
    level *l = &c->values.at[0];
    MKG_GO(level_of(c->p, (const unsigned char *)n->data.ptr, (uint32_t)n->data.len,
                    leaf->number, l, err));
    if (l->n == 0 || !(l->flags & P_LEAF)) return malformed(c->p, leaf, err);
    c->values.depth = 1;
    MKG_GO(descend(c->p, &c->values, from, last, &exact, err));
    if (l->at == l->n) {
        l->at--;
        st = step(c->p, &c->values, false, err);
    }
out:
    return st;
}

static mkg_status give(mkg__tcursor *c, const node *n, mkg_view *k, mkg_view *v,
                       mkg_err *err)
{
    mkg_status st = MKG_OK;
    node value;
    uint64_t page, count;

    if (k) *k = n->key;
    if (!v) goto out;
    if (c->several) {
        MKG_GO(entry(c->p, &c->values, &value, err));
        *v = value.key;
    } else if (n->flags & N_BIG) {
        st = big_data(c->p, n, &page, &count, v, err);
    } else {
        *v = n->data;
    }
out:
    return st;
}

/* What stands where the keys' spine came to. */
static mkg_status arrive(mkg__tcursor *c, mkg_status st, bool last, mkg_view *k,
                         mkg_view *v, mkg_err *err)
{
    node n;
    if (st != MKG_OK) return st;
    MKG_GO(entry(c->p, &c->keys, &n, err));
    MKG_GO(enter(c, &n, NULL, last, err));
    if (st == MKG_OK) st = give(c, &n, k, v, err);
out:
    return st;
}

mkg_status mkg__tcursor_seek(mkg__tcursor *c, const mkg_view *key, mkg_view *k,
                             mkg_view *v, mkg_err *err)
{
    mkg_status st = go(c->p, &c->tree, &c->keys, key, !key, NULL, err);
    return arrive(c, st, !key, k, v, err);
}

mkg_status mkg__tcursor_seek_dup(mkg__tcursor *c, mkg_view key, mkg_view value,
                                 mkg_view *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool exact;
    node n;

    MKG_GO(go(c->p, &c->tree, &c->keys, &key, false, &exact, err));
    if (st == MKG_END || !exact) return MKG_END;
    MKG_GO(entry(c->p, &c->keys, &n, err));
    MKG_GO(enter(c, &n, &value, false, err));
    if (st == MKG_OK && !c->several && compare(n.data, value) < 0) st = MKG_END;
    if (st == MKG_OK) st = give(c, &n, NULL, v, err);
out:
    return st;
}

mkg_status mkg__tcursor_next_dup(mkg__tcursor *c, mkg_view *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    node n;

    if (!c->keys.depth || !c->values.depth) return MKG_END;
    MKG_GO(step(c->p, &c->values, false, err));
    if (st == MKG_OK) MKG_GO(entry(c->p, &c->keys, &n, err));
    if (st == MKG_OK) st = give(c, &n, NULL, v, err);
out:
    return st;
}

mkg_status mkg__tcursor_next(mkg__tcursor *c, mkg_view *k, mkg_view *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    node n;

    if (!c->keys.depth) return MKG_END;
    if (c->values.depth) {
        MKG_GO(step(c->p, &c->values, false, err));
        if (st == MKG_OK) {
            MKG_GO(entry(c->p, &c->keys, &n, err));
            return give(c, &n, k, v, err);
        }
    }
    return arrive(c, step(c->p, &c->keys, false, err), false, k, v, err);
out:
    return st;
}

mkg_status mkg__tcursor_prev_key(mkg__tcursor *c, mkg_view *k, mkg_view *v,
                                 mkg_err *err)
{
    if (!c->keys.depth) return MKG_END;
    return arrive(c, step(c->p, &c->keys, true, err), true, k, v, err);
}

mkg_status mkg__tcursor_count(mkg__tcursor *c, size_t *n, mkg_err *err)
{
    if (!c->keys.depth) return mkg__fail(err, MKG_EARG, "the cursor is nowhere");
    if (!c->several)
        *n = 1;
    else if (c->subset.root != MKG_NO_PAGE)
        *n = (size_t)c->subset.entries;
    else
        *n = c->values.depth ? c->values.at[0].n : 0;
    return MKG_OK;
}

/* ---- every page ---- */

/* A page that two places lead to would be a knot in the tree. */
static mkg_status use(const mkg__pages *p, uint64_t page, uint64_t count,
                      unsigned char *used, mkg_err *err)
{
    for (uint64_t i = page; i < page + count; i++) {
        if (used[i / 8] >> (i % 8) & 1)
            return mkg__pages_damaged(p, i, "it is used twice", err);
        used[i / 8] |= (unsigned char)(1u << (i % 8));
    }
    return MKG_OK;
}

static mkg_status walk(mkg__pages *p, uint64_t root, unsigned depth,
                       unsigned char *used, mkg_err *err);

static mkg_status walk_entry(mkg__pages *p, const level *l, uint32_t i, unsigned depth,
                             unsigned char *used, mkg_err *err)
{
    mkg_status st = MKG_OK;
    node n;
    mkg__tree t = {.root = MKG_NO_PAGE};
    uint64_t page, count;
    mkg_view data;

    MKG_GO(node_at(p, l, i, &n, err));
    if (l->flags & P_BRANCH) {
        st = walk(p, n.child, depth + 1, used, err);
    } else if (n.flags & N_TREE) {
        MKG_GO(tree_of(p, l, &n, &t, err));
        st = walk(p, t.root, depth + 1, used, err);
    } else if (n.flags & N_BIG) {
        MKG_GO(big_data(p, &n, &page, &count, &data, err));
        st = use(p, page, count, used, err);
    }
out:
    return st;
}

static mkg_status walk(mkg__pages *p, uint64_t root, unsigned depth,
                       unsigned char *used, mkg_err *err)
{
    mkg_status st = MKG_OK;
    level l;

    if (root == MKG_NO_PAGE) return MKG_OK;
    MKG_GO(read_page(p, root, &l, err));
    if (depth > 3 * LEVELS) {
        st = malformed(p, &l, err);
        goto out;
    }
    MKG_GO(use(p, root, 1, used, err));
    if (l.flags & P_LEAF2) goto out;
    for (uint32_t i = 0; i < l.n; i++)
        MKG_GO(walk_entry(p, &l, i, depth, used, err));
out:
    return st;
}

mkg_status mkg__tree_walk(mkg__pages *p, unsigned char *used, mkg_err *err)
{
    mkg_status st = MKG_OK;
    MKG_GO(use(p, 0, 2, used, err));
    MKG_GO(walk(p, mkg__pages_main(p).root, 0, used, err));
    st = walk(p, mkg__pages_free_list(p).root, 0, used, err);
out:
    return st;
}
