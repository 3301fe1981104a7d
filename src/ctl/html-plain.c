/* HTML from Markdown, without a library that reads it */
#include "ctl/html.h"

int put_html_markdown(StrBuf *b, const char *text, size_t size)
{
        return put_html_as_written(b, text, size);
}
