using System.Security.Cryptography;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(FaceEmbeddingTransformer), null, typeof(SignatureLoadModel), "Face embedding", FaceEmbeddingTransformer.LoaderSignature)]

namespace Microsoft.ML.ArcFace;

// The model's entry in an ML.NET zip: a versioned header (columns, options, architecture, names of the people, threshold,
// SHA-256 of the weights and of itself) and the weights as safetensors, which any tool can read.
public sealed partial class FaceEmbeddingTransformer
{
    internal const string LoaderSignature = "FaceEmbedding";

    private const string WeightsEntry = FileNature.ModelWeightsName, GraphEntry = "Graph.onnx";
    private const string BackbonePrefix = "backbone.";

    /// <summary>The format's version. Those before 0x00010004 were written for an assembly that has no transformers any more.</summary>
    internal const uint FormatVersion = 0x00010007;

    /// <summary>The first version that keeps the graph that a network was read from.</summary>
    private const uint FirstVersionWithGraph = 0x00010006;

    /// <summary>The first version that is read, which has published networks alone and does not tell the file that they come from.</summary>
    private const uint FirstVersion = 0x00010004;

    /// <summary>The first version that tells the teacher of a training.</summary>
    private const uint FirstVersionWithTeacher = 0x00010007;

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "FACEEMB ",
        verWrittenCur: FormatVersion,
        verReadableCur: FormatVersion,
        verWeCanReadBack: FirstVersion,
        loaderAssemblyName: typeof(FaceEmbeddingTransformer).Assembly.GetName().Name!,
        loaderSignature: LoaderSignature);

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext context)
    {
        Host.CheckValue(context, nameof(context));
        using ModelLease<FaceEmbeddingModel>.Use use = _lease.Begin();
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());

        List<(string, StateTensor)> tensors = [.. use.Model.State.Select(entry => (BackbonePrefix + entry.Name, entry.Tensor)), (NetworkWeights.ClassCentresName, use.Model.Centers.Trained)];
        var metadata = new Dictionary<string, string> { ["architecture"] = Backbone?.ToShortName() ?? Graph, ["preprocessing"] = "112x112 RGB, (value - 127.5) / 127.5" };
        byte[] weightsHash = [];
        ModelEntry.WriteStored(context, WeightsEntry, stream =>
        {
            using var hashing = new HashingStream(stream);
            Safetensors.Write(hashing, tensors, metadata);
            weightsHash = hashing.Hash();
        });

        if (_facts.Graph is { } graph)
        {
            ModelEntry.WriteStored(context, GraphEntry, stream => stream.Write(graph.Bytes.Span));
        }

        context.Writer.Flush();
        using var hashed = new HashingStream(context.Writer.BaseStream);
        using (var header = new BinaryWriter(hashed, Encoding.UTF8, leaveOpen: true))
        {
            WriteHeader(header, use.Model.Network, weightsHash);
        }

        context.Writer.Write(hashed.Hash());
    }

    private void WriteHeader(BinaryWriter header, NetworkDescription network, byte[] weightsHash)
    {
        header.Write(Columns.Image);
        header.Write(Columns.Embedding);
        WriteOptional(header, Columns.PredictedLabel);
        WriteOptional(header, Columns.Score);
        WriteOptional(header, Columns.Cosine);
        WriteOptional(header, Columns.Quality);
        header.Write(_addMirrorImage);
        header.Write(_batchSize);
        header.Write((int)_facts.Precision);
        header.Write(Backbone?.ToShortName() ?? Graph);
        header.Write(EmbeddingSize);
        header.Write(_facts.Scale);
        header.Write(_facts.PersonCount);
        header.Write(_facts.PersonNames is not null);
        foreach (string name in _facts.PersonNames ?? [])
        {
            header.Write(name);
        }

        WriteOptional(header, Threshold?.ToJson());
        WriteTraining(header, Training);
        WriteNetwork(header, network);
        WriteOptional(header, _facts.Graph is { } graph ? Convert.ToHexStringLower(SHA256.HashData(graph.Bytes.Span)) : null);
        header.Write(weightsHash);
    }

    private static FaceEmbeddingTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        Contracts.CheckValue(environment, nameof(environment));
        environment.CheckValue(context, nameof(context));
        ModelEntry.CheckVersion(context, GetVersionInfo());

        ModelHeader header = ReadHeader(context.Reader, context.Header.ModelVerWritten);
        ModelEntry.CheckEnd(context);
        BackboneArchitecture? architecture = BackboneArchitectures.TryParse(header.Architecture, out BackboneArchitecture published) ? published : null;
        if (header.Architecture == Graph ? header.Network is null : architecture is null || header.Network is not null)
        {
            throw Damaged($"it names the architecture '{header.Architecture}', which this version does not know ({string.Join(", ", BackboneArchitectures.ShortNames)}). Use the package version that saved it, or a newer one");
        }

        FaceEmbeddingModel model = LoadModel(environment, context, header, architecture);
        return new FaceEmbeddingTransformer(environment, model, header.Columns, header.AddMirrorImage, header.BatchSize, header.Threshold);
    }

    /// <summary>Reads the header and compares it with its hash, before anything is done by its word.</summary>
    internal static ModelHeader ReadHeader(BinaryReader reader, uint version = FormatVersion)
    {
        try
        {
            using var hashed = new HashingStream(reader.BaseStream);
            using var fields = new BinaryReader(hashed, Encoding.UTF8, leaveOpen: true);
            var columns = new EmbeddingColumns(fields.ReadString(), fields.ReadString(), ReadOptional(fields), ReadOptional(fields), ReadOptional(fields), ReadOptional(fields));
            var header = new ModelHeader(
                columns, fields.ReadBoolean(), fields.ReadInt32(),
                (InferencePrecision)fields.ReadInt32(), fields.ReadString(), fields.ReadInt32(), fields.ReadDouble(),
                fields.ReadInt32() is var people and >= 0 and <= EmbeddingFacts.MostPeople ? people : throw Damaged("its header was altered after saving"),
                fields.ReadBoolean() ? ReadNames(fields, people) : null,
                ReadOptional(fields) is { } threshold ? VerificationThreshold.FromJson(threshold) : null,
                ReadTraining(fields, version >= FirstVersionWithTeacher),
                version > FirstVersion ? ReadNetwork(fields) : null,
                version > FirstVersion ? ReadNetworkFile(fields) : null,
                version >= FirstVersionWithGraph ? ReadOptional(fields) : null,
                fields.ReadBytes(SHA256.HashSizeInBytes));
            if (!reader.ReadBytes(SHA256.HashSizeInBytes).AsSpan().SequenceEqual(hashed.Hash()))
            {
                throw Damaged("its header does not fit its checksum; it was altered after saving");
            }

            return header.BatchSize is >= 1 and <= 4096 && Enum.IsDefined(header.Precision) && header.EmbeddingSize is >= 2 and <= 4096 && double.IsFinite(header.Scale)
                ? header
                : throw Damaged(FormattableString.Invariant($"its header holds a batch size of {header.BatchSize}, a precision {header.Precision}, an embedding size of {header.EmbeddingSize} and a scale of {header.Scale}"));
        }
        catch (Exception error) when (error is IOException or InvalidDataException or FormatException)
        {
            throw Damaged($"its header is cut off or was altered ({error.Message.TrimEnd('.')})");
        }
    }

    private static FaceEmbeddingModel LoadModel(
        IHostEnvironment environment, ModelLoadContext context, ModelHeader header, BackboneArchitecture? architecture)
    {
        EmbeddingDevice device = EmbeddingDevice.Choose(environment);
        FaceEmbeddingModel? model = null;
        byte[]? graph = ReadGraph(context, header);
        bool exists = ModelEntry.TryRead(context, WeightsEntry, (stream, length) => model = LoadModel(stream, length, header, graph, architecture, device));
        return exists ? model! : throw Damaged($"it has no entry {WeightsEntry}");
    }

    private static FaceEmbeddingModel LoadModel(Stream stream, long length, ModelHeader header, byte[]? graph, BackboneArchitecture? architecture, EmbeddingDevice device)
    {
        using var hashing = new HashingStream(stream);
        SafetensorsReader reader = OpenWeights(hashing, length, header);
        NetworkDescription network = header.Network is { } described ? Checked(described, header.EmbeddingSize, reader.Entries) : BackboneDescription.Of(architecture!.Value, header.EmbeddingSize);
        OriginalGraph? original = graph is null ? null : OriginalGraph.Read(graph, network);
        PlainTensor<float> centers = PlainTensor.Of([header.People, header.EmbeddingSize], new float[(long)header.People * header.EmbeddingSize]);
        WeightStore weights = device.KeepWeights(network);
        try
        {
            reader.CopyInto([.. network.Tensors.Select(tensor => (BackbonePrefix + tensor.Name, weights.Writable[tensor.Name])), (NetworkWeights.ClassCentresName, centers)]);
            if (!hashing.Hash().AsSpan().SequenceEqual(header.WeightsHash))
            {
                throw Damaged("its weights do not fit their checksum; they were altered after saving");
            }
        }
        catch
        {
            weights.Dispose();
            throw;
        }

        var facts = new EmbeddingFacts(architecture, header.EmbeddingSize, header.People, header.PersonNames, header.Scale, header.Precision, header.Training, header.File, original);
        return FaceEmbeddingModel.Of(network, weights, new ClassCenters(centers), facts, device);
    }

    /// <summary>Reads what the weights are, before memory is taken for as many people as the header says.</summary>
    /// <param name="weights">The entry.</param>
    /// <param name="length">The bytes that it has.</param>
    /// <param name="header">What they must fit.</param>
    internal static SafetensorsReader OpenWeights(Stream weights, long length, ModelHeader header)
    {
        var reader = new SafetensorsReader(weights);
        long left = length - reader.DataBegin;
        if (left != reader.DataLength)
        {
            throw Damaged(FormattableString.Invariant($"its weights have {left} bytes where {reader.DataLength} are due: it is {(left < reader.DataLength ? "truncated" : "altered")}"));
        }

        SafetensorsEntry? centres = reader.Entries.FirstOrDefault(entry => entry.Name == NetworkWeights.ClassCentresName);
        return centres is { Type: ElementType.Float32, Shape: [var people, var size] } && people == header.People && size == header.EmbeddingSize
            ? reader
            : throw Damaged($"its weights hold {centres?.Describe() ?? "no class centres"} where those of {header.People} people in {header.EmbeddingSize} numbers are due; it was altered after saving");
    }

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

    private static void WriteTraining(BinaryWriter writer, FaceTrainingSummary? training)
    {
        writer.Write(training is not null);
        if (training is not null)
        {
            writer.Write(training.Loss);
            writer.Write(training.Margin ?? double.NaN);
            writer.Write(training.Scale);
            writer.Write(training.PersonCount);
            writer.Write(training.PhotographCount);
            writer.Write(training.Epochs);
            writer.Write(training.Steps);
            writer.Write(training.StartedFromWeights);
            writer.Write(training.PackageVersion);
            writer.Write(training.Teacher is not null);
            if (training.Teacher is { } teacher)
            {
                writer.Write(teacher.Name);
                writer.Write(teacher.Fingerprint);
                writer.Write(teacher.Weight);
            }
        }
    }

    private static FaceTrainingSummary? ReadTraining(BinaryReader reader, bool tellsTeacher) => !reader.ReadBoolean() ? null : new FaceTrainingSummary(
        reader.ReadString(), reader.ReadDouble() is var margin && double.IsNaN(margin) ? null : margin, reader.ReadDouble(),
        reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadBoolean(), reader.ReadString())
    {
        Teacher = tellsTeacher && reader.ReadBoolean() ? new FaceTeacherSummary(reader.ReadString(), reader.ReadString(), reader.ReadDouble()) : null,
    };

    private static string? ReadOptional(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static WeightsFormatException Damaged(string why) => new($"The face embedding model cannot be loaded: {why}.");

    /// <summary>What stands before the weights.</summary>
    internal sealed record ModelHeader(
        EmbeddingColumns Columns, bool AddMirrorImage, int BatchSize, InferencePrecision Precision, string Architecture, int EmbeddingSize, double Scale, int People, string[]? PersonNames,
        VerificationThreshold? Threshold, FaceTrainingSummary? Training, NetworkDescription? Network, FaceNetworkFile? File, string? GraphSha256, byte[] WeightsHash);
}
