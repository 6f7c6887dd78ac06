#include "archive/page_builder.h"

#ifdef NL_PANGO

#include "newsletter/base/colour.h"

#include <pango/pangocairo.h>

enum { MARGIN = 80, BAND = 16, LARGEST = 68, SMALLEST = 30, COVER_SCALE = 2 };

const bool nl_preview_possible = true;

static cairo_status_t add_bytes(void *out, const unsigned char *data, unsigned len) {
    nl_buf_add(out, data, len);
    return CAIRO_STATUS_SUCCESS;
}

static void set_colour(cairo_t *cairo, const char *text, double alpha) {
    uint32_t colour = 0;
    nl_colour_parse(text, &colour);
    cairo_set_source_rgba(cairo, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                          (colour & 255) / 255.0, alpha);
}

/* A paragraph of the picture's width. Pango breaks lines, finds fonts for each script and orders
 * right-to-left text. */
static PangoLayout *make_text(cairo_t *cairo, const char *text, const char *font, int size,
                              int width) {
    PangoLayout *layout = pango_cairo_create_layout(cairo);
    PangoFontDescription *description = pango_font_description_from_string(font);
    pango_font_description_set_absolute_size(description, (double)size * PANGO_SCALE);
    pango_layout_set_font_description(layout, description);
    pango_font_description_free(description);
    pango_layout_set_width(layout, (width - 2 * MARGIN) * PANGO_SCALE);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_auto_dir(layout, TRUE);
    pango_layout_set_alignment(layout, PANGO_ALIGN_LEFT);
    pango_layout_set_text(layout, text, -1);
    return layout;
}

static int height_of(PangoLayout *layout) {
    int height = 0;
    pango_layout_get_pixel_size(layout, NULL, &height);
    return height;
}

static int show_line(cairo_t *cairo, const char *text, const char *font, int size, int width,
                     int top) {
    PangoLayout *layout = make_text(cairo, text, font, size, width);
    pango_layout_set_height(layout, -1); /* one line */
    cairo_move_to(cairo, MARGIN, top);
    pango_cairo_show_layout(cairo, layout);
    int height = height_of(layout);
    g_object_unref(layout);
    return top + height;
}

/* As large as fits. */
static void show_title(cairo_t *cairo, const struct nl_preview *preview, int width, int top,
                       int room) {
    PangoLayout *layout = NULL;
    for (int size = LARGEST; size >= SMALLEST; size -= 6) {
        if (layout != NULL)
            g_object_unref(layout);
        layout = make_text(cairo, preview->title, "Serif Bold", size, width);
        pango_layout_set_height(layout, room * PANGO_SCALE);
        if (height_of(layout) <= room && !pango_layout_is_ellipsized(layout))
            break;
    }
    cairo_move_to(cairo, MARGIN, top);
    pango_cairo_show_layout(cairo, layout);
    g_object_unref(layout);
}

/* A cover is shown small: all on it is twice as large. */
static void draw(cairo_t *cairo, const struct nl_preview *preview) {
    int scale = preview->width == preview->height ? COVER_SCALE : 1;
    int width = preview->width / scale;
    int height = preview->height / scale;
    cairo_scale(cairo, scale, scale);
    set_colour(cairo, preview->ground, 1);
    cairo_paint(cairo);
    set_colour(cairo, preview->ink, 1);
    cairo_rectangle(cairo, 0, height - BAND, width, BAND);
    cairo_fill(cairo);
    int top = show_line(cairo, preview->name, "Sans Bold", 34, width, MARGIN - 10);
    set_colour(cairo, preview->ink, 0.85);
    top = show_line(cairo, preview->line, "Sans", 28, width, top + 10);
    set_colour(cairo, preview->ink, 1);
    show_title(cairo, preview, width, top + 40, height - MARGIN - top - 40);
}

enum nl_status nl_preview_draw(const struct nl_preview *preview, struct nl_buf *out,
                               struct nl_error *err) {
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, preview->width, preview->height);
    cairo_t *cairo = cairo_create(surface);
    draw(cairo, preview);
    cairo_surface_flush(surface);
    bool failed =
        cairo_status(cairo) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_write_to_png_stream(surface, add_bytes, out) != CAIRO_STATUS_SUCCESS;
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return failed ? nl_error_set(err, NL_OS, "the picture of an issue cannot be drawn") : NL_OK;
}

#else

const bool nl_preview_possible = false;

enum nl_status nl_preview_draw(const struct nl_preview *preview, struct nl_buf *out,
                               struct nl_error *err) {
    (void)preview;
    (void)out;
    (void)err;
    return NL_OK;
}

#endif

enum nl_status nl_page_cover(const struct nl_page_builder *builder, struct nl_archive_page *out,
                             struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    struct nl_identity identity = {0};
    nl_identity_of(archive->config, archive->list->name, archive->list->language, &identity);
    const struct nl_preview cover = {.width = NL_COVER_SIDE,
                                     .height = NL_COVER_SIDE,
                                     .name = identity.name,
                                     .line = "",
                                     .title = archive->list->title,
                                     .ground = identity.palette.accent,
                                     .ink = identity.palette.on_accent};
    enum nl_status status = nl_preview_draw(&cover, &out->body, err);
    out->found = status == NL_OK && out->body.len > 0;
    out->type = "image/png";
    return status;
}
