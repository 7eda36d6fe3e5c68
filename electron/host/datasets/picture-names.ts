// Which file names are pictures that can be read, and what to say about the others.

const readable = new Set(["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "tif", "tiff", "avif"]);

const convertible: Record<string, string> = {
  bmp: "BMP",
  dib: "BMP",
  svg: "SVG",
  svgz: "SVG",
  heic: "HEIC",
  heif: "HEIC",
  ico: "icon",
  ppm: "PPM",
  pgm: "PGM",
  pbm: "PBM",
  psd: "Photoshop",
  jp2: "JPEG 2000",
  jxl: "JPEG XL",
  tga: "TGA",
  exr: "EXR",
  dcm: "DICOM",
  dng: "raw camera",
  cr2: "raw camera",
  nef: "raw camera",
};

function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}

export function isPictureName(name: string): boolean {
  return readable.has(extensionOf(name));
}

export function explainForeignFile(name: string): string {
  const format = convertible[extensionOf(name)];
  return format ? explainConversion(format) : "not a picture by its name";
}

export function explainConversion(format: string): string {
  return `${format} pictures cannot be read; convert it to PNG`;
}
