using OxyPlot;
using OxyPlot.SkiaSharp;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Charts;

/// <summary>Writes charts side by side as one picture, as SVG for documents and PNG to look at.</summary>
internal static class ChartFile
{
    // Points of the drawing to pixels of the PNG.
    private const float PixelScale = 2;

    /// <summary>Writes name.svg and name.png.</summary>
    /// <returns>The two files.</returns>
    public static string[] Save(string folder, string name, int panelWidth, int height, params PlotModel[] panels)
    {
        int width = panelWidth * panels.Length;
        string svg = Path.Combine(folder, name + ".svg"), png = Path.Combine(folder, name + ".png");
        using (FileStream stream = File.Create(svg))
        using (SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream))
        {
            Draw(canvas, RenderTarget.VectorGraphic, panelWidth, height, panels);
        }

        using var bitmap = new SKBitmap((int)(width * PixelScale), (int)(height * PixelScale));
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Scale(PixelScale);
            Draw(canvas, RenderTarget.PixelGraphic, panelWidth, height, panels);
        }

        using SKData encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(png, encoded.ToArray());
        return [svg, png];
    }

    private static void Draw(SKCanvas canvas, RenderTarget target, int panelWidth, int height, PlotModel[] panels)
    {
        canvas.Clear(SKColors.White);
        using var context = new SkiaRenderContext { RenderTarget = target, SkCanvas = canvas, UseTextShaping = false, DpiScale = 1 };
        for (int i = 0; i < panels.Length; i++)
        {
            ((IPlotModel)panels[i]).Update(true);
            ((IPlotModel)panels[i]).Render(context, new OxyRect(i * panelWidth, 0, panelWidth, height));
        }
    }
}
