namespace Microsoft.ML.ArcFace.Detection;

/// <summary>An output of a graph: its name, and its sizes with −1 for one that is left open.</summary>
internal sealed record GraphOutput(string Name, IReadOnlyList<int> Sizes)
{
    /// <summary>Numbers a place; −1 if the graph does not say.</summary>
    public int Width => Sizes.Count == 0 ? -1 : Sizes[^1];

    public override string ToString() => $"{Name} [{string.Join(", ", Sizes.Select(size => size < 0 ? "?" : $"{size}"))}]";
}

/// <summary>
/// Turns the outputs of a detector into faces. At each of three strides the network says something about every place of
/// a grid, row by row, with one or more anchors a place.
/// </summary>
internal abstract class FaceDecoder
{
    public static IReadOnlyList<int> Strides { get; } = [8, 16, 32];

    public abstract FaceDetectorKind Kind { get; }

    public abstract PixelScaling Scaling { get; }

    /// <summary>Faces that are proposed at each place.</summary>
    public abstract int AnchorsPerPlace { get; }

    /// <summary>Numbers an anchor of each part of the outputs, such as scores, boxes and landmarks.</summary>
    public abstract IReadOnlyList<int> PartWidths { get; }

    /// <summary>The names of the outputs to compute: all parts of the first stride, then those of the next.</summary>
    public abstract IReadOnlyList<string> OutputNames { get; }

    public bool HasLandmarks => PartWidths.Contains(Alignment.FaceTemplate.LandmarkValues);

    /// <summary>How sure the network is of an anchor, 0 to 1.</summary>
    protected abstract float Score(ReadOnlySpan<float[]> parts, int anchor);

    /// <summary>The face of an anchor, in pixels of the network's input.</summary>
    /// <param name="parts">The parts of one stride, [anchors, width] each.</param>
    /// <param name="anchor">Its number.</param>
    /// <param name="column">Column of its place in the grid.</param>
    /// <param name="row">Row of its place in the grid.</param>
    /// <param name="stride">Pixels from one place to the next.</param>
    /// <param name="score">The score.</param>
    protected abstract DetectedFace Face(ReadOnlySpan<float[]> parts, int anchor, int column, int row, int stride, float score);

    /// <summary>Numbers that an output must have for an input of that size.</summary>
    public int ExpectedCount(int output, int width, int height)
    {
        int stride = Strides[output / PartWidths.Count];
        return width / stride * (height / stride) * AnchorsPerPlace * PartWidths[output % PartWidths.Count];
    }

    /// <summary>All faces of at least that score, in pixels of the network's input.</summary>
    /// <param name="outputs">The outputs in the order of <see cref="OutputNames"/>.</param>
    /// <param name="width">Width of the input, a multiple of every stride.</param>
    /// <param name="height">Height of the input, a multiple of every stride.</param>
    /// <param name="scoreThreshold">The smallest score.</param>
    public List<DetectedFace> Decode(ReadOnlySpan<float[]> outputs, int width, int height, double scoreThreshold)
    {
        var faces = new List<DetectedFace>();
        for (int level = 0; level < Strides.Count; level++)
        {
            int stride = Strides[level], columns = width / stride, anchors = columns * (height / stride) * AnchorsPerPlace;
            ReadOnlySpan<float[]> parts = outputs.Slice(level * PartWidths.Count, PartWidths.Count);
            for (int anchor = 0; anchor < anchors; anchor++)
            {
                float score = Score(parts, anchor);
                if (score >= scoreThreshold)
                {
                    int place = anchor / AnchorsPerPlace;
                    DetectedFace face = Face(parts, anchor, place % columns, place / columns, stride, score);
                    if (face.IsSound)
                    {
                        faces.Add(face);
                    }
                }
            }
        }

        return faces;
    }

    /// <summary>Points given as distances, in strides, from a place of the grid.</summary>
    protected static float[] Points(ReadOnlySpan<float> distances, int column, int row, int stride)
    {
        var points = new float[distances.Length];
        for (int i = 0; i < points.Length; i += 2)
        {
            points[i] = (column + distances[i]) * stride;
            points[i + 1] = (row + distances[i + 1]) * stride;
        }

        return points;
    }

    /// <summary>The decoder for a graph with these outputs.</summary>
    /// <exception cref="WeightsFormatException">No known detector has such outputs.</exception>
    public static FaceDecoder For(IReadOnlyList<GraphOutput> outputs, FaceDetectorKind? kind)
    {
        FaceDecoder? decoder = kind switch
        {
            FaceDetectorKind.YuNet => YuNetDecoder.TryCreate(outputs),
            FaceDetectorKind.Scrfd => ScrfdDecoder.TryCreate(outputs),
            _ => YuNetDecoder.TryCreate(outputs) ?? (FaceDecoder?)ScrfdDecoder.TryCreate(outputs),
        };
        return decoder ?? throw new WeightsFormatException(
            $"The graph is no detector that can be read{(kind is null ? "" : $" as {kind}")}: its outputs are {string.Join(", ", outputs)}. " +
            $"Use YuNet of 2023 or later (outputs {string.Join(", ", YuNetDecoder.Names)}) or SCRFD with strides 8, 16, 32 and two anchors a place (three outputs each of 1, 4 and, for landmarks, 10 numbers an anchor).");
    }
}
