/* Text for the bus, which takes UTF-8 only */
#include "service/text-utf8.h"

#include <string.h>

#include "mask/utf8.h"

void text_make_utf8(char **text)
{
        _cleanup_(offset_map_done) OffsetMap map = { 0 };
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        size_t n = *text ? strlen(*text) : 0;
        char *repaired = NULL;

        if (utf8_valid_length(*text, n) == n)
                return;
        if (utf8_repair(*text, n, &b, &map) >= 0)
                (void) strbuf_take(&b, &repaired);
        free(*text);
        *text = repaired;
}
