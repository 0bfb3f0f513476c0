/* What encoding a frame costs others: as ustreamer does it, and libjpeg-turbo fed with planes without picam around it.
 *
 *   peers ustreamer|4:2:0|4:2:2 FRAMES COUNT JPEG
 *
 * FRAMES holds eight YUYV frames of 1280x720, which are encoded COUNT times in all at quality 80. Prints the CPU time of a frame
 * in µs; the last JPEG of the first frame is written to JPEG. ustreamer's way is that of src/ustreamer/encoders/cpu/encoder.c
 * (6.x): a library object a frame, scanlines of 4:4:4 made pixel by pixel, which the library takes down to 4:2:0, and an output
 * in pieces of 4 KiB. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>
#include <turbojpeg.h>

enum { WIDTH = 1280, HEIGHT = 720, FRAME = WIDTH * HEIGHT * 2, FRAMES = 8, QUALITY = 80, PIECE = 4096 };

static uint8_t *out;
static size_t used, room;

static void append(const uint8_t *data, size_t length) {
	if (used + length > room) {
		room = used + length;
		out = realloc(out, room);
		if (!out) abort();
	}
	memcpy(out + used, data, length);
	used += length;
}

struct destination {
	struct jpeg_destination_mgr manager;
	JOCTET *piece;
};

static void start(j_compress_ptr jpeg) {
	struct destination *to = (struct destination *)jpeg->dest;
	to->piece = jpeg->mem->alloc_small((j_common_ptr)jpeg, JPOOL_IMAGE, PIECE);
	to->manager.next_output_byte = to->piece;
	to->manager.free_in_buffer = PIECE;
}

static boolean full(j_compress_ptr jpeg) {
	struct destination *to = (struct destination *)jpeg->dest;
	append(to->piece, PIECE);
	to->manager.next_output_byte = to->piece;
	to->manager.free_in_buffer = PIECE;
	return TRUE;
}

static void end(j_compress_ptr jpeg) {
	struct destination *to = (struct destination *)jpeg->dest;
	append(to->piece, PIECE - to->manager.free_in_buffer);
}

static void ustreamer(const uint8_t *data) {
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr error;
	jpeg.err = jpeg_std_error(&error);
	jpeg_create_compress(&jpeg);
	jpeg.dest = jpeg.mem->alloc_small((j_common_ptr)&jpeg, JPOOL_PERMANENT, sizeof(struct destination));
	jpeg.dest->init_destination = start;
	jpeg.dest->empty_output_buffer = full;
	jpeg.dest->term_destination = end;
	used = 0;

	jpeg.image_width = WIDTH;
	jpeg.image_height = HEIGHT;
	jpeg.input_components = 3;
	jpeg.in_color_space = JCS_YCbCr;
	jpeg_set_defaults(&jpeg);
	jpeg_set_quality(&jpeg, QUALITY, TRUE);
	jpeg_start_compress(&jpeg, TRUE);
	uint8_t *line = calloc(WIDTH * 3, 1);
	if (!line) abort();
	while (jpeg.next_scanline < HEIGHT) {
		uint8_t *to = line;
		for (unsigned x = 0; x < WIDTH; ++x) {
			const bool is_odd = x & 1;
			to[0] = data[is_odd ? 2 : 0];
			to[1] = data[1];
			to[2] = data[3];
			to += 3;
			data += is_odd ? 4 : 0;
		}
		JSAMPROW lines[1] = {line};
		jpeg_write_scanlines(&jpeg, lines, 1);
	}
	free(line);
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
}

/* The library's part alone: the planes are those of the first frame, made beforehand. */
static void planes(const uint8_t *data, int sampling) {
	static tjhandle library;
	static uint8_t *y, *cb, *cr;
	const int lines = sampling == TJSAMP_420 ? 2 : 1;
	if (!library) {
		library = tjInitCompress();
		room = tjBufSize(WIDTH, HEIGHT, sampling);
		out = malloc(room);
		y = malloc(WIDTH * HEIGHT), cb = malloc(WIDTH * HEIGHT / 2), cr = malloc(WIDTH * HEIGHT / 2);
		if (!library || !out || !y || !cb || !cr) abort();
		for (int i = 0; i < WIDTH * HEIGHT; ++i) y[i] = data[2 * i];
		for (int i = 0; i < WIDTH * HEIGHT / 2 / lines; ++i) {
			const int row = i / (WIDTH / 2) * lines;
			const uint8_t *first = data + row * WIDTH * 2 + i % (WIDTH / 2) * 4;
			const uint8_t *second = first + (lines - 1) * WIDTH * 2;
			cb[i] = (first[1] + second[1] + 1) / 2;
			cr[i] = (first[3] + second[3] + 1) / 2;
		}
	}
	const uint8_t *all[3] = {y, cb, cr};
	const int strides[3] = {WIDTH, WIDTH / 2, WIDTH / 2};
	unsigned long bytes = room;
	if (tjCompressFromYUVPlanes(library, all, WIDTH, strides, HEIGHT, sampling, &out, &bytes, QUALITY, TJFLAG_NOREALLOC)) {
		fprintf(stderr, "peers: %s\n", tjGetErrorStr2(library));
		exit(1);
	}
	used = bytes;
}

static double cpu(void) {
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
	if (argc != 5) return 2;
	const char *way = argv[1];
	const int count = atoi(argv[3]);
	uint8_t *frames = malloc((size_t)FRAME * FRAMES);
	FILE *file = fopen(argv[2], "rb");
	if (!frames || !file || fread(frames, FRAME, FRAMES, file) != FRAMES) {
		fprintf(stderr, "peers: cannot read %d frames from %s\n", FRAMES, argv[2]);
		return 1;
	}
	fclose(file);
	double before = 0;
	for (int i = -FRAMES; i <= count; ++i) {
		if (i == 0) before = cpu();
		if (i == count) {
			printf("%.1f\n", (cpu() - before) / count);
		}
		const uint8_t *frame = i == count ? frames : frames + (size_t)FRAME * ((i + FRAMES) % FRAMES);
		if (!strcmp(way, "ustreamer")) ustreamer(frame);
		else planes(frame, strcmp(way, "4:2:2") ? TJSAMP_420 : TJSAMP_422);
	}
	file = fopen(argv[4], "wb");
	if (!file || fwrite(out, 1, used, file) != used || fclose(file)) {
		fprintf(stderr, "peers: cannot write %s\n", argv[4]);
		return 1;
	}
	return 0;
}
