using Microsoft.ML;
using System.Security.Cryptography;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

[assembly: LoadableClass(typeof(FaceEmbeddingTransformer), null, typeof(SignatureLoadModel), "Face embedding", FaceEmbeddingTransformer.LoaderSignature)]

namespace Microsoft.ML.ArcFace;

// The model's entry in an ML.NET zip: a versioned header (columns, options, architecture, names of the people, a
// checksum) and the weights as safetensors, which any tool can read.
public sealed partial class FaceEmbeddingTransformer
{
    internal const string LoaderSignature = "FaceEmbedding";

    private const string WeightsEntry = "Weights.safetensors";
    private const string CentresName = "class_centers";
    private const string BackbonePrefix = "backbone.";
    private const int LargestPersonCount = 100_000_000;

    /// <summary>Written so far: 0x00010001, the first.</summary>
    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "FACEEMB ",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderAssemblyName: typeof(FaceEmbeddingTransformer).Assembly.GetName().Name!,
        loaderSignature: LoaderSignature);

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext context)
    {
        Host.CheckValue(context, nameof(context));
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());

        List<(string, Tensor)> tensors = [.. StateOf(_model.Backbone), (CentresName, _model.Centres)];
        var metadata = new Dictionary<string, string> { ["architecture"] = Backbone.ToShortName(), ["preprocessing"] = "112x112 RGB, (value - 127.5) / 127.5" };
        byte[] checksum = [];
        context.SaveBinaryStream(WeightsEntry, writer =>
        {
            using var hashing = new HashingStream(writer.BaseStream);
            Safetensors.Write(hashing, tensors, metadata);
            checksum = hashing.Hash();
        });

        BinaryWriter header = context.Writer;
        header.Write(Columns.Image);
        header.Write(Columns.Embedding);
        WriteOptional(header, Columns.PredictedLabel);
        WriteOptional(header, Columns.Score);
        WriteOptional(header, Columns.Cosine);
        header.Write(_addMirrorImage);
        header.Write(_batchSize);
        header.Write(Backbone.ToShortName());
        header.Write(EmbeddingSize);
        header.Write(_model.Scale);
        header.Write(_model.PersonCount);
        header.Write(_model.PersonNames is not null);
        foreach (string name in _model.PersonNames ?? [])
        {
            header.Write(name);
        }

        header.Write(checksum);
    }

    private static FaceEmbeddingTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        Contracts.CheckValue(environment, nameof(environment));
        environment.CheckValue(context, nameof(context));
        context.CheckAtModel(GetVersionInfo());

        BinaryReader header = context.Reader;
        var columns = new EmbeddingColumns(header.ReadString(), header.ReadString(), ReadOptional(header), ReadOptional(header), ReadOptional(header));
        bool addMirrorImage = header.ReadBoolean();
        int batchSize = header.ReadInt32();
        string shortName = header.ReadString();
        int embeddingSize = header.ReadInt32();
        double scale = header.ReadDouble();
        int people = header.ReadInt32();
        if (!BackboneArchitectures.TryParse(shortName, out BackboneArchitecture architecture))
        {
            throw Damaged($"it names the architecture '{shortName}', which this version does not know ({string.Join(", ", BackboneArchitectures.ShortNames)}). Use the package version that saved it, or a newer one");
        }

        if (batchSize is < 1 or > 4096 || embeddingSize is < 2 or > 4096 || people is < 0 or > LargestPersonCount || !double.IsFinite(scale))
        {
            throw Damaged($"its header holds a batch size of {batchSize}, an embedding size of {embeddingSize}, {people} people and a scale of {scale}");
        }

        string[]? names = header.ReadBoolean() ? ReadNames(header, people) : null;
        byte[] checksum = header.ReadBytes(SHA256.HashSizeInBytes);

        FaceEmbeddingModel model = LoadModel(environment, context, architecture, embeddingSize, people, names, scale, checksum);
        return new FaceEmbeddingTransformer(environment, model, columns, addMirrorImage, batchSize);
    }

    private static FaceEmbeddingModel LoadModel(
        IHostEnvironment environment, ModelLoadContext context, BackboneArchitecture architecture, int embeddingSize, int people, string[]? names, double scale, byte[] checksum)
    {
        var hardware = (IHostEnvironmentInternal)environment;
        Device device = TorchDevices.Choose(hardware.GpuDeviceId, hardware.FallbackToCpu);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        FaceBackbone backbone = FaceBackbone.Create(architecture, embeddingSize);
        Tensor centres = zeros(people, embeddingSize);
        List<(string, Tensor)> tensors = [.. StateOf(backbone), (CentresName, centres)];
        byte[] found = [];
        bool exists = context.TryLoadBinaryStream(WeightsEntry, reader =>
        {
            using var hashing = new HashingStream(reader.BaseStream);
            Safetensors.Load(hashing, tensors);
            found = hashing.Hash();
        });
        if (!exists)
        {
            throw Damaged($"it has no entry {WeightsEntry}");
        }

        if (!found.AsSpan().SequenceEqual(checksum))
        {
            throw Damaged("its weights do not fit their checksum; they were altered after saving");
        }

        backbone.to(device);
        return new FaceEmbeddingModel(backbone, centres.to(device), names, scale, device);
    }

    private static IEnumerable<(string, Tensor)> StateOf(FaceBackbone backbone) =>
        ModuleState.Of(backbone).Select(entry => (BackbonePrefix + entry.Name, entry.Tensor));

    private static string[] ReadNames(BinaryReader header, int count)
    {
        var names = new List<string>();
        for (int i = 0; i < count; i++)
        {
            names.Add(header.ReadString());
        }

        return [.. names];
    }

    private static void WriteOptional(BinaryWriter writer, string? name)
    {
        writer.Write(name is not null);
        if (name is not null)
        {
            writer.Write(name);
        }
    }

    private static string? ReadOptional(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static WeightsFormatException Damaged(string why) => new($"The face embedding model cannot be loaded: {why}.");
}
