using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

// The detector's entry in an ML.NET zip: columns, options and the SHA-256 of the ONNX file, and that file as it was given.
public sealed partial class FaceDetectingTransformer
{
    internal const string OnnxEntry = "Detector.onnx";

    /// <summary>Stands in the place of a file's name where the file lies in the model.</summary>
    private const string WithinTheModel = $"(model)/{OnnxEntry}";

    internal const uint FormatVersion = 0x00010001;

    /// <summary>Gives the format's version, and names the loader that finds this part and says which package to add where it is absent.</summary>
    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "FACEDETC",
        verWrittenCur: FormatVersion,
        verReadableCur: FormatVersion,
        verWeCanReadBack: FormatVersion,
        loaderAssemblyName: typeof(DetectionPart).Assembly.GetName().Name!,
        loaderSignature: DetectionPart.LoaderSignature);

    /// <inheritdoc/>
    protected override void SaveModel(ModelSaveContext context)
    {
        Host.CheckValue(context, nameof(context));
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());
        BinaryWriter writer = context.Writer;
        writer.Write(_options.BoxesColumnName);
        writer.Write(_options.LandmarksColumnName ?? "");
        writer.Write(_options.ScoresColumnName);
        writer.Write(_options.ImageColumnName);
        writer.Write((int)Kind);
        writer.Write(_options.ScoreThreshold);
        writer.Write(_options.NmsThreshold);
        writer.Write(_options.MaxFaces ?? int.MaxValue);
        writer.Write((int)_options.MainFace);
        writer.Write(_options.InputSize);
        writer.Write(_options.EnlargeSmallPhotographs);
        writer.Write(SHA256.HashData(_onnx));
        context.SaveBinaryStream(OnnxEntry, entry => entry.Write(_onnx));
    }

    internal static FaceDetectingTransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        Contracts.CheckValue(environment, nameof(environment));
        environment.CheckValue(context, nameof(context));
        ModelEntry.CheckVersion(context, GetVersionInfo());
        BinaryReader reader = context.Reader;
        var options = new FaceDetectingEstimator.Options
        {
            ModelFile = WithinTheModel,
            BoxesColumnName = reader.ReadString(),
            LandmarksColumnName = reader.ReadString() is { Length: > 0 } landmarks ? landmarks : null,
            ScoresColumnName = reader.ReadString(),
            ImageColumnName = reader.ReadString(),
            Kind = (FaceDetectorKind)reader.ReadInt32(),
            ScoreThreshold = reader.ReadDouble(),
            NmsThreshold = reader.ReadDouble(),
            MaxFaces = reader.ReadInt32() is var faces and < int.MaxValue ? faces : null,
            MainFace = (MainFace)reader.ReadInt32(),
            InputSize = reader.ReadInt32(),
            EnlargeSmallPhotographs = reader.ReadBoolean(),
        };
        byte[] hash = reader.ReadBytes(SHA256.HashSizeInBytes);
        ModelEntry.CheckEnd(context);
        if (options.Violations() is { Count: > 0 } violations)
        {
            throw Damaged($"its options were altered after saving: {string.Join(" ", violations)}");
        }

        byte[] onnx = ReadOnnx(context);
        if (!SHA256.HashData(onnx).AsSpan().SequenceEqual(hash))
        {
            throw Damaged("its ONNX file does not fit its checksum; it was altered after saving");
        }

        FaceDetector detector = CreateDetector(onnx, options.Kind);
        if (options.LandmarksColumnName is not null && !detector.Decoder.HasLandmarks)
        {
            detector.Dispose();
            throw Damaged("it promises landmarks, which its ONNX file does not give");
        }

        return new FaceDetectingTransformer(environment, detector, onnx, options);
    }

    private static FaceDetector CreateDetector(byte[] onnx, FaceDetectorKind? kind)
    {
        try
        {
            return FaceDetector.Create(onnx, kind);
        }
        catch (WeightsFormatException error)
        {
            // Without what was thrown underneath: people look at the innermost exception of what ML.NET wraps.
            throw new WeightsFormatException($"The face detector ({OnnxEntry}) cannot be loaded. {error.Message}");
        }
    }

    internal static IRowMapper LoadRowMapper(IHostEnvironment environment, ModelLoadContext context, DataViewSchema inputSchema) =>
        Load(environment, context).MakeRowMapper(inputSchema);

    private static byte[] ReadOnnx(ModelLoadContext context)
    {
        using var onnx = new MemoryStream();
        bool exists = ModelEntry.TryRead(context, OnnxEntry, (stream, _) =>
        {
            byte[] buffer = new byte[1 << 16];
            while (onnx.Length <= DetectorGraph.MostBytes && stream.Read(buffer) is var count and > 0)
            {
                onnx.Write(buffer, 0, count);
            }
        });
        return exists && onnx.Length <= DetectorGraph.MostBytes
            ? onnx.ToArray()
            : throw Damaged(exists ? $"its entry {OnnxEntry} has more than {DetectorGraph.MostBytes} bytes" : $"it has no entry {OnnxEntry}");
    }

    private static WeightsFormatException Damaged(string why) => new($"The face detector cannot be loaded: {why}.");
}
