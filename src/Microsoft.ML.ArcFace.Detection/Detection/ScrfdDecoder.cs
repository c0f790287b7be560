namespace Microsoft.ML.ArcFace.Detection;

/// <summary>
/// SCRFD: two anchors a place; distances, in strides, from the place to the four sides of the box and to the landmarks.
/// Sees red, green, blue as (value − 127.5) / 128. Published files number their outputs; what they are is told by how
/// many numbers they have an anchor, and which stride by their order.
/// </summary>
internal sealed class ScrfdDecoder : FaceDecoder
{
    private const int ScorePart = 0, Box = 1, Landmarks = 2;

    private ScrfdDecoder(string[][] namesOfParts)
    {
        PartWidths = namesOfParts.Length > Landmarks ? [1, 4, 10] : [1, 4];
        OutputNames = [.. Enumerable.Range(0, Strides.Count).SelectMany(level => namesOfParts.Select(names => names[level]))];
    }

    public override FaceDetectorKind Kind => FaceDetectorKind.Scrfd;

    public override PixelScaling Scaling { get; } = new(IsRedFirst: true, Mean: 127.5f, Divisor: 128);

    public override int AnchorsPerPlace => 2;

    public override IReadOnlyList<int> PartWidths { get; }

    public override IReadOnlyList<string> OutputNames { get; }

    /// <summary>Null if the outputs are others.</summary>
    public static ScrfdDecoder? TryCreate(IReadOnlyList<GraphOutput> outputs)
    {
        string[] scores = OfWidth(1), boxes = OfWidth(4), landmarks = OfWidth(10);
        bool isWhole = scores.Length == Strides.Count && boxes.Length == Strides.Count && scores.Length + boxes.Length + landmarks.Length == outputs.Count;
        return (isWhole, landmarks.Length) switch
        {
            (true, 0) => new ScrfdDecoder([scores, boxes]),
            (true, 3) => new ScrfdDecoder([scores, boxes, landmarks]),
            _ => null,
        };

        string[] OfWidth(int width) => [.. outputs.Where(output => output.Width == width).Select(output => output.Name)];
    }

    protected override float Score(ReadOnlySpan<float[]> parts, int anchor) => parts[ScorePart][anchor];

    protected override DetectedFace Face(ReadOnlySpan<float[]> parts, int anchor, int column, int row, int stride, float score)
    {
        ReadOnlySpan<float> sides = parts[Box].AsSpan(anchor * 4, 4);
        float left = (column - sides[0]) * stride, top = (row - sides[1]) * stride;
        float right = (column + sides[2]) * stride, bottom = (row + sides[3]) * stride;
        float[] points = HasLandmarks ? Points(parts[Landmarks].AsSpan(anchor * 10, 10), column, row, stride) : [];
        return new DetectedFace(left, top, right - left, bottom - top, score, points);
    }
}
