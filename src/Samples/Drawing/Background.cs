using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Draws what stands behind the person, out of focus.</summary>
internal static class Background
{
    public static void Draw(SKCanvas canvas, Shot shot)
    {
        var random = new SeededRandom(shot.DetailSeed, 6);
        SKColor wall = SKColor.FromHsv(random.Range(0, 360), random.Range(0, 45), random.Range(25, 95));
        SKColor other = Colours.Scale(wall, random.Range(0.5f, 1.3f));
        using var shader = SKShader.CreateLinearGradient(
            new SKPoint(0, 0), new SKPoint(random.Range(0, DrawnFaces.Side), DrawnFaces.Side), [wall, other], SKShaderTileMode.Clamp);
        using var paint = new SKPaint { Shader = shader };
        canvas.DrawPaint(paint);

        paint.Shader = null;
        using SKMaskFilter outOfFocus = SKMaskFilter.CreateBlur(SKBlurStyle.Normal, random.Range(1.5f, 6));
        paint.MaskFilter = outOfFocus;
        int things = random.Below(5);
        for (int i = 0; i < things; i++)
        {
            paint.Color = SKColor.FromHsv(random.Range(0, 360), random.Range(0, 60), random.Range(15, 90));
            float x = random.Range(-20, DrawnFaces.Side);
            float y = random.Range(-20, DrawnFaces.Side);
            float width = random.Range(8, 60);
            float height = random.Range(8, 80);
            if (random.Chance(0.5f))
            {
                canvas.DrawRect(x, y, width, height, paint);
            }
            else
            {
                canvas.DrawOval(x, y, width / 2, height / 2, paint);
            }
        }
    }
}
