using System.Collections.Frozen;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Tool.Commands;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>
/// Puts the library's messages into the words of the command line: options for properties, losses and networks by their short
/// names. What stands between quotation marks, such as a path, is left as it is.
/// </summary>
internal static partial class ToolWords
{
    /// <summary>Words of the command line for sentences about C#; tried in this order, before single names.</summary>
    private static readonly (string CSharp, string Words)[] Phrases =
    [
        .. Enum.GetValues<BackboneArchitecture>().Select(network => ($"Set the network to {nameof(BackboneArchitecture)}.{network} (--backbone {network.ToShortName()})", $"Give --backbone {network.ToShortName()}")),
        (", or raise the maximum of pixels", ""),
        ("enroll these with a lower EnrollmentReview", "give a lower --review"),
        (", detect with a higher score threshold, or raise FaceEmbedder.Options.MaximumFaces", ", or use a model that detects with a higher score threshold"),
        (" and with AlignFaces behind it, which takes them (arcface train --detector makes both)", ", by which faces are aligned (--detector of arcface train and arcface import)"),
        ("set UnreadableImages = UnreadableImages.Skip", "give --skip-unusable"),
        ("load the images with UnreadableImages.Skip", "leave such photographs out with --skip-unusable"),
        ("set Resume = false, which replaces", "give --restart, which replaces"),
        ("set Resume = false", "give --restart"),
        ("Set it to null for the CPU, or set MLContext.FallbackToCpu = true to take the CPU where there is no such GPU.", "Leave it out to compute on the processor."),
        ("MLContext.GpuDeviceId", "--gpu"),
        ("faces.AllPairs pairs every picture", "without --pairs every picture of --data is paired"),
        ("Find one with faces.CalibrateThreshold", "Find one with arcface calibrate"),
        (", and save model.WithThreshold(threshold); or set FaceEmbedder.Options.Cosine", ", or give one with --cosine"),
        ("faces.CalibrateThreshold", "arcface calibrate"),
        ("Give Fit one or set ValidationSet, or leave the patience null", "Give one with --validate, or leave --patience out"),
        ("Teacher.Weight", "--teacher-weight"),
        ("Loss.Scale", "--scale"),
        ("Loss.Margin ", "--margin "),
        ("the set of unlabeled photographs", "the set of --unlabeled"),
        ("that ml.Model.Save wrote", "that arcface train wrote"),
        ("RandomNumberGenerator.GetBytes(32)", "head -c 32 /dev/urandom"),
        ("Give its key as EncryptionKey", "Give its key with --key-file"),
        (", and CreateIfMissing is false", ""),
        ("arcface recover (FaceGallery.Recover)", "arcface recover"),
        ("--overwrite (overwrite: true)", "--overwrite"),
        (", or TripletMining.BatchHard", ""),
        ("Use NormSoftmaxLoss, ArcFaceLoss or another margin loss", "Use --loss norm-softmax, arcface or another one with a margin"),
        ("DetectFaces and AlignFaces before the embedding, or arcface train --detector", "with a model that has a detector (--detector of arcface train and arcface import)"),
        ("Evaluate other people: faces.TrainTestSplitByPerson parts them before training", "Give --data with other people"),
        (" each, or fewer folds", " each"),
        ("null scores all people", "without it all people are scored"),
        (", or leave it null for none", ", or leave it out"),
        ("--skip-unusable of the command line, UnreadableImages.Skip of LoadFromFolder", "--skip-unusable"),
        ("a parameter such as Encoding.Latin1; --encoding latin1 on the command line", "--encoding latin1"),
        ("a parameter such as Encoding.Unicode; --encoding utf-16 on the command line", "--encoding utf-16"),
        ("or do not require aligned faces", "or leave out --require-aligned"),
        ("picturePattern of LoadPairs, --picture-pattern", "--picture-pattern"),
        ("make a model of them with EmbedFaces and ml.Model.Save, or start a training from them (arcface train --weights, InitialWeights)", "start a training from them (arcface train --weights)"),
        (" (InitialWeights), or EmbedFaces", ""),
        (" (arcface train --teacher, Teacher)", " (--teacher)"),
        ("arcface train, ArcFace or EmbedFaces made; ml.Model.Load loads others", "arcface train made"),
        ("arcface train or ArcFace made", "arcface train made"),
        ("arcface enroll or CreateGallery made", "arcface enroll made"),
        (", or ExportToSafetensors)", ")"),
        ("leave it null", "leave it out"),
        ("Leave it null", "Leave it out"),
        ("leave them null", "leave them out"),
        ("leave these null", "leave these out"),
    ];

    /// <summary>Words for sentences of the library that are other ones in some command.</summary>
    private static readonly (string Command, string CSharp, string Words)[] PhrasesOfCommands =
    [
        ("import", "or do not require aligned faces", "or give --allow-unaligned"),
    ];

    /// <summary>Options of the command line by the property that they set.</summary>
    private static readonly FrozenDictionary<string, string> Options = new Dictionary<string, string>
    {
        [nameof(ArcFaceTrainer.Options.Backbone)] = "--backbone",
        [nameof(ArcFaceTrainer.Options.EmbeddingSize)] = "--embedding-size",
        [nameof(ArcFaceTrainer.Options.InitialWeights)] = "--weights",
        [nameof(ArcFaceTrainer.Options.Pixels)] = "--pixels",
        [nameof(ArcFaceTrainer.Options.RenewNorms)] = "--renew-norms",
        [nameof(ArcFaceTrainer.Options.FrozenStages)] = "--freeze",
        [nameof(ArcFaceTrainer.Options.Loss)] = "--loss",
        [nameof(ArcFaceTrainer.Options.ClassSampleRate)] = "--sample-rate",
        [nameof(ArcFaceTrainer.Options.Epochs)] = "--epochs",
        [nameof(ArcFaceTrainer.Options.BatchSize)] = "--batch",
        [nameof(ArcFaceTrainer.Options.Precision)] = "--precision",
        [nameof(ArcFaceTrainer.Options.Optimizer)] = "--optimizer",
        [nameof(ArcFaceTrainer.Options.LearningRate)] = "--learning-rate",
        [nameof(ArcFaceTrainer.Options.WeightDecay)] = "--weight-decay",
        [nameof(ArcFaceTrainer.Options.ValidationSet)] = "--validate",
        [nameof(ArcFaceTrainer.Options.EarlyStoppingPatienceEpochs)] = "--patience",
        [nameof(ArcFaceTrainer.Options.UnreadableImages)] = "--skip-unusable",
        [nameof(ArcFaceTrainer.Options.AddMirrorImage)] = "--mirror",
        [nameof(ArcFaceTrainer.Options.Seed)] = "--seed",
        [nameof(ArcFaceTrainer.Options.CheckpointDirectory)] = "--checkpoints",
        [nameof(ArcFaceTrainer.Options.CheckpointEverySteps)] = "--checkpoint-every",
        [nameof(ArcFaceTrainer.Options.Resume)] = "--restart",
        [nameof(ArcFaceTrainer.Options.TensorBoardDirectory)] = "--tensorboard",
        [nameof(ArcFaceTrainer.Options.Teacher)] = "--teacher",
        [nameof(FaceTeacher.RelationWeight)] = "--teacher-relations",
        [nameof(FaceTeacher.UnlabeledViewShare)] = "--teacher-views",
        [nameof(FaceTeacher.MixedShare)] = "--teacher-mixed",
        [nameof(FaceTeacher.UnlabeledPhotographs)] = "--unlabeled",
        [nameof(FaceLoss.Scale)] = "--scale",
        [nameof(ArcFaceLoss.MarginRadians)] = "--margin",
        [nameof(CosFaceLoss.CosineMargin)] = "--margin",
        [nameof(SphereFaceLoss.AngleMultiplier)] = "--margin",
        [nameof(AdaFaceLoss.Margin)] = "--margin",
        [nameof(FaceGalleryOptions.EncryptionKey)] = "--key-file",
        [nameof(FaceGalleryOptions.CosineThreshold)] = "--cosine",
        [nameof(FaceEmbedder.Options.Cosine)] = "--cosine",
        ["targetFalseMatchRate"] = "--rate",
        ["GpuDeviceId"] = "--gpu",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Names of papers and programs, which are names of the library too.</summary>
    internal static FrozenSet<string> OfThePapers { get; } = FrozenSet.Create(
        StringComparer.Ordinal, "AdaFace", "AdamW", "ArcFace", "CosFace", "CurricularFace", "ElasticFace", "InsightFace", "MagFace", "MobileFaceNet", "SphereFace", "YuNet");

    /// <summary>Names of the library that no word of a sentence can be, and what to say for them.</summary>
    private static readonly Lazy<FrozenDictionary<string, string>> Names = new(() => PublicNames().Concat(Options.Keys).Distinct(StringComparer.Ordinal)
        .Where(name => IsCompound(name) && !OfThePapers.Contains(name))
        .ToFrozenDictionary(name => name, name => Options.GetValueOrDefault(name) ?? LossOption.NameOf(name) ?? AsWords(name), StringComparer.Ordinal));

    /// <summary>Names of one word, which can be the beginning of a sentence; only where a value is said of them they are taken for names.</summary>
    private static readonly Lazy<FrozenDictionary<string, string>> Properties = new(() => PublicNames().Distinct(StringComparer.Ordinal)
        .Where(name => !IsCompound(name)).ToFrozenDictionary(name => name, AsWords, StringComparer.Ordinal));

    /// <summary>Puts the message of an error into the tool's words.</summary>
    /// <param name="error">The error.</param>
    /// <param name="command">The command that it ended; null: any.</param>
    public static string Of(Exception error, string? command = null)
    {
        string message = error is ArgumentException { ParamName: not null } ? WithoutParameter().Replace(error.Message, "") : error.Message;
        foreach ((_, string csharp, string words) in PhrasesOfCommands.Where(phrase => phrase.Command == command))
        {
            message = message.Replace(csharp, words, StringComparison.Ordinal);
        }

        return Of(message);
    }

    /// <summary>Puts a message of the library into the tool's words.</summary>
    public static string Of(string message)
    {
        foreach ((string csharp, string words) in Phrases)
        {
            message = message.Replace(csharp, words, StringComparison.Ordinal);
        }

        message = WithoutColumn().Replace(message, "");
        message = BehindOption().Replace(message, match => Names.Value.ContainsKey(match.Groups["name"].Value) ? "" : match.Value);
        return Name().Replace(message, match => match switch
        {
            { Groups: var groups } when groups["option"].Success => Options.GetValueOrDefault(groups["option"].Value) ?? Properties.Value.GetValueOrDefault(groups["option"].Value, match.Value),
            { Groups: var groups } when groups["type"].Value.Split('.').Any(Names.Value.ContainsKey) => Options.GetValueOrDefault(groups["member"].Value) ?? AsWords(groups["member"].Value),
            { Groups: var groups } when groups["member"].Success => Names.Value.GetValueOrDefault(groups["member"].Value, match.Value),
            _ => match.Value,
        });
    }

    /// <summary>Tells whether a name consists of several words, such as BatchSize.</summary>
    internal static bool IsCompound(string name) => Compound().IsMatch(name);

    /// <summary>Lists all names of the library's public types and their members.</summary>
    internal static IEnumerable<string> PublicNames() => Parts(typeof(ToolWords).Assembly).SelectMany(part => part.GetExportedTypes())
        .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(member => member.Name).Prepend(type.Name));

    /// <summary>Finds the parts of the library that an assembly stands on.</summary>
    private static HashSet<Assembly> Parts(Assembly assembly)
    {
        var parts = new HashSet<Assembly>();
        var open = new Queue<Assembly>([assembly]);
        while (open.TryDequeue(out Assembly? next))
        {
            foreach (AssemblyName name in next.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("Microsoft.ML.ArcFace", StringComparison.Ordinal)))
            {
                if (Assembly.Load(name) is var part && parts.Add(part))
                {
                    open.Enqueue(part);
                }
            }
        }

        return parts;
    }

    private static string AsWords(string name) => WordStart().Replace(name, " ").ToLowerInvariant();

    // In quotation marks: left alone. A name with its qualifiers; a short name only where it can be no word of the sentence.
    [GeneratedRegex(@"(?<![A-Za-z0-9])'[^']*'(?![A-Za-z])|(?<=^|[.;:,(] |\n)(?<option>[A-Z][a-z]+)(?= is\b| = )|(?<![\w/\\.-])(?<type>(?:\w+\.)*)(?<member>[A-Za-z][A-Za-z0-9]+)(?![\w/\\])", RegexOptions.Multiline)]
    private static partial Regex Name();

    [GeneratedRegex(@"\s*\(Parameter '[^']*'\)|\r?\nActual value was .*")]
    private static partial Regex WithoutParameter();

    // The library's name for what the option before it takes, as in "--gallery (CreateGalleryFor)".
    [GeneratedRegex(@"(?<=--[a-z-]+) \((?<name>\w+)\)")]
    private static partial Regex BehindOption();

    [GeneratedRegex(@" in the (image |label )?column '[^']*'")]
    private static partial Regex WithoutColumn();

    [GeneratedRegex(@"^[A-Z][a-z0-9]+([A-Z][a-z0-9]*)+$|^[a-z]+([A-Z][a-z]+)+$")]
    private static partial Regex Compound();

    [GeneratedRegex(@"(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex WordStart();
}
