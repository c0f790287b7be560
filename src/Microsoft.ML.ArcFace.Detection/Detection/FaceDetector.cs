using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Microsoft.ML.ArcFace.Detection;

/// <summary>What a detector is asked for, apart from the photograph.</summary>
internal sealed record DetectionSettings(double ScoreThreshold, double NmsThreshold, int? MaxFaces, int InputSize, bool EnlargeSmallPhotographs, MainFace MainFace);

/// <summary>
/// A detector's network in ONNX Runtime, on the CPU. Immutable: many threads may detect at once. A
/// <see cref="Runtime.ModelLease{T}"/> frees it when nobody uses it any more.
/// </summary>
internal sealed class FaceDetector : IDisposable
{
    /// <summary>The picture of a trial pass; not square, and no size that a file is traced with.</summary>
    private const int TrialWidth = 96, TrialHeight = 64;

    private readonly BoundedSession _session;
    private readonly string _inputName;

    /// <summary>The only size that the network takes; null: any.</summary>
    private readonly (int Width, int Height)? _fixedSize;

    private FaceDetector(ModelProto model, bool hasOpenSizes, FaceDetectorKind? kind)
    {
        (int width, int height) = hasOpenSizes ? (TrialWidth, TrialHeight) : DetectorGraph.StatedSize(model.Graph) ?? (TrialWidth, TrialHeight);
        _session = new BoundedSession(model, input => DetectorGraph.SizesOf(input, width, height), GraphLimits.For((long)width * height));
        try
        {
            (_inputName, (int, int)? stated) = Input(_session);
            Decoder = FaceDecoder.For([.. _session.Outputs.Select(Describe)], kind);
            _fixedSize = hasOpenSizes ? null : stated;

            if (width % Letterbox.SideStep != 0 || height % Letterbox.SideStep != 0)
            {
                throw new WeightsFormatException($"The detector takes pictures of {width}×{height} pixels only; its sides must be multiples of {Letterbox.SideStep}. Export it with open sizes, or with 640×640.");
            }

            // A pass over a black picture shows whether the outputs have the sizes that they are decoded by.
            Run(new float[3 * width * height], width, height);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    public FaceDecoder Decoder { get; }

    /// <summary>Makes a detector of the bytes of an ONNX file; a trial pass shows that its outputs have the sizes that they should.</summary>
    /// <exception cref="WeightsFormatException">The file is no ONNX model, or the model no known detector.</exception>
    /// <exception cref="NativeRuntimeException">ONNX Runtime's native library cannot be loaded.</exception>
    public static FaceDetector Create(byte[] onnx, FaceDetectorKind? kind)
    {
        ModelProto model = GraphFile.Parse(onnx);
        try
        {
            return new FaceDetector(DetectorGraph.WithOpenSizes(model), hasOpenSizes: true, kind);
        }
        catch (Exception error) when (error is OnnxRuntimeException or GraphSizesException)
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
        catch (OnnxRuntimeException error)
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
            outputs = Run(box.ToInput(image, Decoder.Scaling), box.Width, box.Height);
        }
        catch (OnnxRuntimeException error)
        {
            throw new WeightsFormatException($"The detector cannot be computed for a picture of {box.Width}×{box.Height} pixels, though it could for the trial pass: {error.Message.TrimEnd('.')}.", error);
        }

        List<DetectedFace> faces = FaceChoice.Suppress(Decoder.Decode(outputs, box.Width, box.Height, settings.ScoreThreshold), settings.NmsThreshold);
        return [.. FaceChoice.Order(faces.Select(box.ToPhotograph), settings.MainFace, image.Width, image.Height).Take(settings.MaxFaces ?? int.MaxValue)];
    }

    public void Dispose() => _session.Dispose();

    private static (string Name, (int Width, int Height)? Size) Input(BoundedSession session)
    {
        if (session.Inputs.Count == 1 && session.Inputs.Single() is { Value: { IsTensor: true, Dimensions: [<= 1, 3 or < 0, var height, var width] } input } named
            && input.ElementDataType == TensorElementType.Float)
        {
            return (named.Key, height > 0 && width > 0 ? (width, height) : null);
        }

        string found = string.Join(", ", session.Inputs.Select(entry => $"{Describe(entry)} of {(entry.Value.IsTensor ? entry.Value.ElementDataType : entry.Value.OnnxValueType)}"));
        throw new WeightsFormatException($"The graph is no face detector: it takes {found}, where one picture of 3 channels, [1, 3, height, width] of Float, is needed.");
    }

    /// <summary>Sequences and maps have no sizes.</summary>
    private static GraphOutput Describe(KeyValuePair<string, NodeMetadata> value) => new(value.Key, value.Value.IsTensor ? value.Value.Dimensions : []);

    /// <summary>One forward pass: every output as it lies in memory.</summary>
    private float[][] Run(float[] input, int width, int height)
    {
        using IDisposableReadOnlyCollection<OrtValue> values = _session.Run(_inputName, input, [1, 3, height, width], Decoder.OutputNames);
        var outputs = new float[values.Count][];
        for (int i = 0; i < outputs.Length; i++)
        {
            OrtTensorTypeAndShapeInfo type = values[i].GetTensorTypeAndShape();
            int expected = Decoder.ExpectedCount(i, width, height);
            if (type.ElementDataType != TensorElementType.Float || type.ElementCount != expected)
            {
                throw new WeightsFormatException(
                    $"The graph is no {Decoder.Kind} that can be read: for a picture of {width}×{height} pixels its output {Decoder.OutputNames[i]} has {type.ElementCount} numbers of {type.ElementDataType}, where {expected} of Float are needed " +
                    $"({Decoder.AnchorsPerPlace} anchors a place at a stride of {FaceDecoder.Strides[i / Decoder.PartWidths.Count]}).");
            }

            outputs[i] = values[i].GetTensorDataAsSpan<float>().ToArray();
        }

        return outputs;
    }
}
