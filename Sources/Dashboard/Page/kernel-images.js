// Draws kernels from packed bytes.

/** Decodes the bytes, whose layout is kernel, row, column, channel. */
export function unpack(answer) {
  return { ...answer, data: Uint8Array.from(atob(answer.pixels), (letter) => letter.charCodeAt(0)), pixels: undefined };
}

/** Draws kernels in a grid, one pixel apart. The style sheet magnifies the pixels. */
export function drawKernels(canvas, { data, size, channels }, first, number) {
  const across = Math.max(1, Math.min(number, number > 32 ? 12 : 8));
  const down = Math.ceil(number / across);
  const pitch = size + 1;
  canvas.width = across * pitch - 1;
  canvas.height = down * pitch - 1;
  // Small kernels are magnified more, so that each appears about as large as one of 11×11.
  canvas.style.setProperty("--width", `${canvas.width * Math.max(2, Math.round(55 / size))}px`);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (let index = 0; index < number; index += 1) {
    const image = context.createImageData(size, size);
    const base = (first + index) * size * size * channels;
    for (let pixel = 0; pixel < size * size; pixel += 1) {
      for (let channel = 0; channel < 3; channel += 1) image.data[4 * pixel + channel] = data[base + pixel * channels + (channels === 3 ? channel : 0)];
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, (index % across) * pitch, Math.floor(index / across) * pitch);
  }
}

/** Returns the share of a kernel's variation that is between its channels: 0 is grey, 1 is pure colour. */
export function colorShare({ data, size, channels }, index) {
  if (channels < 2) return 0;
  const area = size * size;
  const base = index * area * channels;
  let sum = 0;
  for (let at = 0; at < area * channels; at += 1) sum += data[base + at];
  const mean = sum / (area * channels);
  let all = 0;
  let between = 0;
  for (let pixel = 0; pixel < area; pixel += 1) {
    let gray = 0;
    for (let channel = 0; channel < channels; channel += 1) gray += data[base + pixel * channels + channel] / channels;
    for (let channel = 0; channel < channels; channel += 1) {
      const value = data[base + pixel * channels + channel];
      all += (value - mean) ** 2;
      between += (value - gray) ** 2;
    }
  }
  return all > 0 ? between / all : 0;
}
