using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>A brush that draws on the surface of a turned head: shapes are given in coordinates of the unturned face.</summary>
internal sealed class FaceCanvas(SKCanvas canvas, HeadPose pose) : IDisposable
{
    private const float OvalToBezier = 0.5523f;

    private readonly SKPaint _paint = new() { IsAntialias = true, StrokeCap = SKStrokeCap.Round, StrokeJoin = SKStrokeJoin.Round };
    private readonly SKPath _path = new();

    public SKCanvas Canvas => canvas;

    public HeadPose Pose => pose;

    /// <summary>Fills the smooth closed curve through the points.</summary>
    public void Fill(ReadOnlySpan<SKPoint> points, SKColor colour, float soften = 0)
    {
        Trace(points, closed: true);
        Paint(colour, SKPaintStyle.Fill, 0, soften);
    }

    /// <summary>Draws a smooth line through the points; <paramref name="width"/> in pixels.</summary>
    public void Line(ReadOnlySpan<SKPoint> points, SKColor colour, float width, float soften = 0)
    {
        Trace(points, closed: false);
        Paint(colour, SKPaintStyle.Stroke, width, soften);
    }

    /// <summary>Fills an oval that lies on the skin.</summary>
    public void Oval(float x, float y, float radiusX, float radiusY, SKColor colour, float soften = 0, float lift = 0)
    {
        TraceOval(x, y, radiusX, radiusY, lift);
        Paint(colour, SKPaintStyle.Fill, 0, soften);
    }

    /// <summary>Draws the outline of an oval that lies on the skin.</summary>
    public void Ring(float x, float y, float radiusX, float radiusY, SKColor colour, float width, float lift = 0)
    {
        TraceOval(x, y, radiusX, radiusY, lift);
        Paint(colour, SKPaintStyle.Stroke, width, 0);
    }

    /// <summary>Fills a circle of the picture.</summary>
    public void Dot(SKPoint centre, float radius, SKColor colour)
    {
        _paint.Color = colour;
        _paint.Style = SKPaintStyle.Fill;
        canvas.DrawCircle(centre, radius, _paint);
    }

    /// <summary>Limits what follows to the smooth closed curve through the points, until <see cref="Unclip"/>.</summary>
    public void Clip(ReadOnlySpan<SKPoint> points)
    {
        Trace(points, closed: true);
        canvas.Save();
        canvas.ClipPath(_path, SKClipOperation.Intersect, antialias: true);
    }

    /// <summary>Ends <see cref="Clip"/>.</summary>
    public void Unclip() => canvas.Restore();

    /// <summary>A point on the skin, or <paramref name="lift"/> above it.</summary>
    public SKPoint On(float x, float y, float lift = 0) => pose.Project(x, y, lift);

    /// <summary>A point anywhere; z = 0 is the plane through the ears.</summary>
    public SKPoint At(float x, float y, float z) => pose.ProjectAt(x, y, z);

    /// <summary>A point of the outline of the head; see <see cref="HeadPose.ProjectEdge"/>.</summary>
    public SKPoint Edge(float x, float y, float z = 0) => pose.ProjectEdge(x, y, z);

    public void Dispose()
    {
        _paint.Dispose();
        _path.Dispose();
    }

    private void Paint(SKColor colour, SKPaintStyle style, float width, float soften)
    {
        _paint.Color = colour;
        _paint.Style = style;
        _paint.StrokeWidth = width;
        using SKMaskFilter? blur = soften > 0 ? SKMaskFilter.CreateBlur(SKBlurStyle.Normal, soften) : null;
        _paint.MaskFilter = blur;
        canvas.DrawPath(_path, _paint);
        _paint.MaskFilter = null;
    }

    private void TraceOval(float x, float y, float radiusX, float radiusY, float lift)
    {
        float handleX = radiusX * OvalToBezier;
        float handleY = radiusY * OvalToBezier;
        _path.Rewind();
        _path.MoveTo(On(x + radiusX, y, lift));
        _path.CubicTo(On(x + radiusX, y + handleY, lift), On(x + handleX, y + radiusY, lift), On(x, y + radiusY, lift));
        _path.CubicTo(On(x - handleX, y + radiusY, lift), On(x - radiusX, y + handleY, lift), On(x - radiusX, y, lift));
        _path.CubicTo(On(x - radiusX, y - handleY, lift), On(x - handleX, y - radiusY, lift), On(x, y - radiusY, lift));
        _path.CubicTo(On(x + handleX, y - radiusY, lift), On(x + radiusX, y - handleY, lift), On(x + radiusX, y, lift));
        _path.Close();
    }

    /// <summary>Catmull-Rom spline through the points, as cubic Béziers.</summary>
    private void Trace(ReadOnlySpan<SKPoint> points, bool closed)
    {
        int count = points.Length;
        _path.Rewind();
        _path.MoveTo(points[0]);
        int segments = closed ? count : count - 1;
        for (int i = 0; i < segments; i++)
        {
            SKPoint before = points[closed ? (i + count - 1) % count : Math.Max(i - 1, 0)];
            SKPoint start = points[i];
            SKPoint end = points[(i + 1) % count];
            SKPoint after = points[closed ? (i + 2) % count : Math.Min(i + 2, count - 1)];
            _path.CubicTo(
                start.X + ((end.X - before.X) / 6), start.Y + ((end.Y - before.Y) / 6),
                end.X - ((after.X - start.X) / 6), end.Y - ((after.Y - start.Y) / 6),
                end.X, end.Y);
        }

        if (closed)
        {
            _path.Close();
        }
    }
}
