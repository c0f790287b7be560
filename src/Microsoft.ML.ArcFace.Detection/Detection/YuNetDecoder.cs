namespace Microsoft.ML.ArcFace.Detection;

/// <summary>
/// YuNet: one anchor a place, whose score is the geometric mean of class and objectness; centre and landmarks as
/// distances from the place, sides as powers of e, all in strides. Sees blue, green, red from 0 to 255.
/// </summary>
internal sealed class YuNetDecoder : FaceDecoder
{
    private const int Class = 0, Objectness = 1, Box = 2, Landmarks = 3;

    private static readonly string[] Parts = ["cls", "obj", "bbox", "kps"];

    /// <summary>The outputs by which it is known.</summary>
    public static string[] Names { get; } = [.. Strides.SelectMany(stride => Parts.Select(part => $"{part}_{stride}"))];

    public override FaceDetectorKind Kind => FaceDetectorKind.YuNet;

    public override PixelScaling Scaling { get; } = new(IsRedFirst: false, Mean: 0, Divisor: 1);

    public override int AnchorsPerPlace => 1;

    public override IReadOnlyList<int> PartWidths { get; } = [1, 1, 4, 10];

    public override IReadOnlyList<string> OutputNames => Names;

    /// <summary>Null if the outputs are others.</summary>
    public static YuNetDecoder? TryCreate(IReadOnlyList<GraphOutput> outputs) =>
        Names.All(name => outputs.Any(output => output.Name == name)) ? new YuNetDecoder() : null;

    protected override float Score(ReadOnlySpan<float[]> parts, int anchor) =>
        MathF.Sqrt(Math.Clamp(parts[Class][anchor], 0, 1) * Math.Clamp(parts[Objectness][anchor], 0, 1));

    protected override DetectedFace Face(ReadOnlySpan<float[]> parts, int anchor, int column, int row, int stride, float score)
    {
        ReadOnlySpan<float> box = parts[Box].AsSpan(anchor * 4, 4);
        float width = MathF.Exp(box[2]) * stride, height = MathF.Exp(box[3]) * stride;
        float x = ((column + box[0]) * stride) - (width / 2), y = ((row + box[1]) * stride) - (height / 2);
        return new DetectedFace(x, y, width, height, score, Points(parts[Landmarks].AsSpan(anchor * 10, 10), column, row, stride));
    }
}
