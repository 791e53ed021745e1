/* The first bytes of a file, as readers look at them to recognise their format. */
#include "import/import_internal.h"

#include "base/text.h"

#include <string.h>

static mkg_view skip_mark(mkg_view head)
{
    if (head.len >= 3 && memcmp(head.ptr, "\xef\xbb\xbf", 3) == 0)
        return mkg__view(head.ptr + 3, head.len - 3);
    return head;
}

bool mkg__contains(mkg_view text, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= text.len; i++)
        if (memcmp(text.ptr + i, part, n) == 0) return true;
    return false;
}

mkg_view mkg__skip_blank(mkg_view head)
{
    head = skip_mark(head);
    while (head.len && head.ptr[0] && strchr(" \t\r\n", head.ptr[0]))
        head = mkg__view(head.ptr + 1, head.len - 1);
    return head;
}

mkg_view mkg__first_line(mkg_view head)
{
    head = skip_mark(head);
    const char *nl = head.len ? memchr(head.ptr, '\n', head.len) : NULL;
    size_t n = nl ? (size_t)(nl - head.ptr) : head.len;
    if (n && head.ptr[n - 1] == '\r') n--;
    return mkg__view(head.ptr, n);
}

bool mkg__is_json(mkg_view head)
{
    head = mkg__skip_blank(head);
    return head.len && (head.ptr[0] == '{' || head.ptr[0] == '[');
}

char mkg__delimiter_of(mkg_view line)
{
    static const char all[] = "\t,;|";
    size_t best = 0;
    char found = ',';
    for (const char *d = all; *d; d++) {
        size_t n = 0;
        for (size_t i = 0; i < line.len; i++)
            n += line.ptr[i] == *d;
        if (n > best) {
            best = n;
            found = *d;
        }
    }
    return found;
}
