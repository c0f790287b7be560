using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.Data;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Detection;

/// <summary>What a detector is asked for, apart from the photograph.</summary>
internal sealed record DetectionSettings(double ScoreThreshold, double NmsThreshold, int? MaxFaces, int InputSize, bool EnlargeSmallPhotographs, MainFace MainFace);

/// <summary>
/// A detector's network on the processor: computed without native code where it has nothing but operators that are known here, else in
/// ONNX Runtime. Many threads may detect at once. A <see cref="Runtime.ModelLease{T}"/> frees it when nobody uses it any more.
/// </summary>
internal sealed class FaceDetector : IDisposable
{
    /// <summary>The picture of a trial pass; not square, and no size that a file is traced with.</summary>
    private const int TrialWidth = 96, TrialHeight = 64;

    /// <summary>From one of its numbers to the next; odd, so that all levels come.</summary>
    private const int LevelStep = 31;

    private readonly IPictureGraph _graph;

    /// <summary>The only size that the network takes; null: any.</summary>
    private readonly (int Width, int Height)? _fixedSize;

    private FaceDetector(ModelProto model, bool hasOpenSizes, FaceDetectorKind? kind)
    {
        (int Width, int Height)? stated = DetectorGraph.StatedSize(model.Graph);
        (int width, int height) = hasOpenSizes ? (TrialWidth, TrialHeight) : stated ?? (TrialWidth, TrialHeight);
        _fixedSize = hasOpenSizes ? null : stated;
        GraphTensors.CheckFinite(model.Graph);
        GraphCost cost = GraphCost.Of(model.Graph, input => DetectorGraph.SizesOf(input, width, height), GraphLimits.For((long)width * height));
        DetectorGraph.CheckInput(model.Graph);
        Decoder = FaceDecoder.For([.. model.Graph.Output.Select(output => OutputOf(output, cost))], kind);
        if (width % Letterbox.SideStep != 0 || height % Letterbox.SideStep != 0)
        {
            throw new WeightsFormatException($"The detector takes pictures of {width}×{height} pixels only; its sides must be multiples of {Letterbox.SideStep}. Export it with open sizes, or with 640×640.");
        }

        if (Decoder.OutputNames.FirstOrDefault(name => cost.Values[name].Type != DataType.Float) is { } other)
        {
            throw new WeightsFormatException($"The graph is no {Decoder.Kind} that can be read: its output {other} has numbers of {cost.Values[other].Type}, where Float is needed.");
        }

        _graph = Open(model, width, height);
        try
        {
            // A pass over a picture of all levels shows whether the outputs have the sizes that they are decoded by, and numbers.
            CheckFinite(Run([.. Enumerable.Range(0, 3 * width * height).Select(place => Decoder.Scaling.Apply((byte)(place * LevelStep)))], width, height));
        }
        catch
        {
            _graph.Dispose();
            throw;
        }
    }

    public FaceDecoder Decoder { get; }

    /// <summary>Whether the network is computed without ONNX Runtime.</summary>
    public bool IsComputedHere => _graph is PictureGraph;

    /// <summary>Makes a detector of the bytes of an ONNX file; a trial pass shows that its outputs have the sizes that they should.</summary>
    /// <exception cref="WeightsFormatException">The file is no ONNX model, or the model no known detector, or it needs ONNX Runtime, which is not there.</exception>
    public static FaceDetector Create(byte[] onnx, FaceDetectorKind? kind)
    {
        ModelProto model = GraphFile.Parse(onnx);
        try
        {
            return new FaceDetector(DetectorGraph.WithOpenSizes(model), hasOpenSizes: true, kind);
        }
        catch (Exception error) when (error is GraphRuntimeException or GraphSizesException)
        {
            // A graph that is bound to its size is used with that size, and a broken one says again what is wrong.
            return CreateAsStated(model, kind);
        }
    }

    private static FaceDetector CreateAsStated(ModelProto model, FaceDetectorKind? kind)
    {
        try
        {
            return new FaceDetector(model, hasOpenSizes: false, kind);
        }
        catch (GraphSizesException error)
        {
            throw new WeightsFormatException(error.Message, error);
        }
        catch (GraphRuntimeException error)
        {
            throw new WeightsFormatException($"ONNX Runtime cannot use the detector's graph: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>The faces of a photograph, the main one first; none: an empty list.</summary>
    /// <exception cref="WeightsFormatException">The graph cannot be computed for a picture of that size, or takes too much memory or time for it.</exception>
    public IReadOnlyList<DetectedFace> Detect(MLImage image, DetectionSettings settings)
    {
        Letterbox box = Letterbox.Of(image.Width, image.Height, settings.InputSize, settings.EnlargeSmallPhotographs, _fixedSize);
        float[][] outputs;
        try
        {
            outputs = Run(box.ToInput(image, Decoder.Scaling, _graph.IsInterleaved), box.Width, box.Height);
        }
        catch (GraphSizesException error)
        {
            throw new WeightsFormatException(error.Message, error);
        }
        catch (GraphRuntimeException error)
        {
            throw new WeightsFormatException($"The detector cannot be computed for a picture of {box.Width}×{box.Height} pixels, though it could for the trial pass: {error.Message.TrimEnd('.')}.", error);
        }

        List<DetectedFace> faces = FaceChoice.Suppress(Decoder.Decode(outputs, box.Width, box.Height, settings.ScoreThreshold), settings.NmsThreshold);
        return [.. FaceChoice.Order(faces.Select(box.ToPhotograph), settings.MainFace, image.Width, image.Height).Take(settings.MaxFaces ?? int.MaxValue)];
    }

    public void Dispose() => _graph.Dispose();

    private static GraphOutput OutputOf(ValueInfoProto output, GraphCost cost) => cost.Values.TryGetValue(output.Name, out GraphValue? value)
        ? new GraphOutput(output.Name, [.. value.Shape.Select(size => (int)Math.Min(size, int.MaxValue))])
        : throw new WeightsFormatException($"The output '{output.Name}' is made by no node of the graph.");

    private IPictureGraph Open(ModelProto model, int width, int height)
    {
        try
        {
            return new PictureGraph(model, Decoder.OutputNames, width, height);
        }
        catch (WeightsFormatException reason)
        {
            return GraphRuntime.Open(GraphRuntime.Instance, reason.Message, runtime => runtime.Open(model, Decoder.OutputNames, width, height));
        }
    }

    private void CheckFinite(float[][] outputs)
    {
        for (int i = 0; i < outputs.Length; i++)
        {
            if (Array.Find(outputs[i], number => !float.IsFinite(number)) is var wrong && !float.IsFinite(wrong))
            {
                throw new WeightsFormatException(FormattableString.Invariant(
                    $"The detector gives {outputs[i].Count(number => !float.IsFinite(number))} of {outputs[i].Length} numbers of its output {Decoder.OutputNames[i]} as {wrong} for a trial picture: it would find no faces. The file is damaged; download it again."));
            }
        }
    }

    /// <summary>One forward pass: every output as it lies in memory.</summary>
    private float[][] Run(float[] input, int width, int height)
    {
        float[][] outputs = _graph.Run(input, width, height);
        for (int i = 0; i < outputs.Length; i++)
        {
            int expected = Decoder.ExpectedCount(i, width, height);
            if (outputs[i].Length != expected)
            {
                throw new WeightsFormatException(
                    $"The graph is no {Decoder.Kind} that can be read: for a picture of {width}×{height} pixels its output {Decoder.OutputNames[i]} has {outputs[i].Length} numbers, where {expected} are needed " +
                    $"({Decoder.AnchorsPerPlace} anchors a place at a stride of {FaceDecoder.Strides[i / Decoder.PartWidths.Count]}).");
            }
        }

        return outputs;
    }
}
