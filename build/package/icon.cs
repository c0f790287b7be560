#:package SkiaSharp
#:package SkiaSharp.NativeAssets.Linux.NoDependencies
// Draws the icon of the packages: a face on the unit circle, and the margin between two directions as an arc.
// Usage: dotnet run build/package/icon.cs build/package/icon.png
using SkiaSharp;

const int Side = 128;
const float Center = Side / 2f, Radius = 44;
SKColor ground = new(0x1F, 0x2A, 0x5A), line = SKColors.White, margin = new(0xFF, 0xB4, 0x3A);

using var bitmap = new SKBitmap(Side, Side);
using var canvas = new SKCanvas(bitmap);
using var paint = new SKPaint { IsAntialias = true, StrokeCap = SKStrokeCap.Round };
var circle = new SKRect(Center - Radius, Center - Radius, Center + Radius, Center + Radius);

canvas.Clear(SKColors.Transparent);
paint.Color = ground;
canvas.DrawRoundRect(0, 0, Side, Side, 24, 24, paint);

// The circle is open where the margin is.
paint.Style = SKPaintStyle.Stroke;
paint.StrokeWidth = 7;
paint.Color = line;
canvas.DrawArc(circle, 0, 270, false, paint);
paint.Color = margin;
canvas.DrawArc(circle, 290, 50, false, paint);

// The face.
paint.Color = line;
canvas.DrawArc(new SKRect(Center - 22, Center - 20, Center + 22, Center + 24), 35, 110, false, paint);
paint.Style = SKPaintStyle.Fill;
canvas.DrawCircle(Center - 15, Center - 10, 6, paint);
canvas.DrawCircle(Center + 15, Center - 10, 6, paint);

using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
File.WriteAllBytes(args[0], png.ToArray());
