using Microsoft.ML;
using SkiaSharp;

// Loads a saved model in a process that does nothing but reference the package, and embeds a picture.
string picture = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".png");
using (var bitmap = new SKBitmap(112, 112))
using (var canvas = new SKCanvas(bitmap))
using (var paint = new SKPaint { Color = SKColors.SandyBrown })
{
    canvas.Clear(SKColors.SteelBlue);
    canvas.DrawOval(56, 60, 36, 48, paint);
    File.WriteAllBytes(picture, bitmap.Encode(SKEncodedImageFormat.Png, 100).ToArray());
}

var ml = new MLContext();
ITransformer model = ml.Model.Load(args[0], out _);
using PredictionEngine<Photograph, Face> engine = ml.Model.CreatePredictionEngine<Photograph, Face>(model);
Face face = engine.Predict(new Photograph { ImagePath = picture });
double length = Math.Sqrt(face.Embedding.Sum(value => (double)value * value));
File.Delete(picture);
Console.WriteLine($"{face.Embedding.Length} numbers, length {length:0.0000}");
return face.Embedding.Length > 0 && Math.Abs(length - 1) < 1e-4 ? 0 : 1;

internal sealed class Photograph
{
    public string ImagePath { get; set; } = "";

    public string Label { get; set; } = "";

    public string RelativePath { get; set; } = "";
}

internal sealed class Face
{
    public float[] Embedding { get; set; } = [];
}
