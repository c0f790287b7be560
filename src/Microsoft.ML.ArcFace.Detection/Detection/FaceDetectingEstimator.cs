using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>Makes a <see cref="FaceDetectingTransformer"/> from an ONNX file; learns nothing from the data.</summary>
public sealed partial class FaceDetectingEstimator : IEstimator<FaceDetectingTransformer>
{
    private readonly IHost _host;
    private readonly Options _options;

    /// <summary>The file as it was when the estimator was made.</summary>
    private readonly byte[] _onnx;

    internal FaceDetectingEstimator(IHostEnvironment environment, Options options, byte[]? onnx = null)
    {
        _host = Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceDetectingEstimator));
        _host.CheckValue(options, nameof(options));
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        _options = options;
        _onnx = onnx ?? ReadFile(options.ModelFile);

        // A wrong file is told of before data are loaded.
        CreateDetector().Dispose();
    }

    /// <summary>The transformer, after a check of the schema.</summary>
    /// <param name="input">Data with the image column; no row is read.</param>
    /// <returns>The detector; dispose of it to free its native memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of another kind.</exception>
    public FaceDetectingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        SchemaCheck.FindImage(_host, input.Schema, _options.ImageColumnName);
        return new FaceDetectingTransformer(_host, CreateDetector(), _onnx, _options);
    }

    /// <summary>The input's schema with boxes, landmarks and scores.</summary>
    /// <param name="inputSchema">A schema with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another kind.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        SchemaCheck.CheckImage(_host, inputSchema, _options.ImageColumnName);
        return inputSchema.With(_options.OutputColumnNames.Select(name =>
            new SchemaShape.Column(name, SchemaShape.Column.VectorKind.VariableVector, NumberDataViewType.Single, isKey: false)));
    }

    private FaceDetector CreateDetector()
    {
        FaceDetector detector;
        try
        {
            detector = FaceDetector.Create(_onnx, _options.Kind);
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"The detector '{_options.ModelFile}' cannot be used. {FileUse.Detector.Mismatch(FileNature.Of(ByteSource.Of(_onnx))) ?? error.Message}", error);
        }

        if (detector.Decoder.HasLandmarks || _options.LandmarksColumnName is null)
        {
            return detector;
        }

        detector.Dispose();
        throw new WeightsFormatException(
            $"The detector '{_options.ModelFile}' gives boxes and scores but no landmarks, by which faces are aligned. " +
            $"Use a file that has them (SCRFD: one with kps in its name), or set {nameof(Options.LandmarksColumnName)} to null.");
    }

    private static byte[] ReadFile(string path)
    {
        MissingFile.ThrowIfAbsent("The detector", path, "Give the .onnx file of YuNet or SCRFD.");
        if (RegularFile.SpecialAt(path) is { } special)
        {
            throw new SpecialFileException(path, special);
        }

        var file = new FileInfo(path);
        return file.Length is > 0 and <= DetectorGraph.MostBytes
            ? RegularFile.ReadAllBytes(path, DetectorGraph.MostBytes)
            : throw new WeightsFormatException($"The detector '{path}' has {file.Length} bytes; allowed are 1 to {DetectorGraph.MostBytes}. Give the .onnx file of YuNet or SCRFD.");
    }
}
