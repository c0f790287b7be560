namespace Microsoft.ML.ArcFace.Files;

/// <summary>Describes a place that takes a file: what it needs, and what to tell people who gave a file of another kind.</summary>
/// <param name="Needed">What the place takes, such as "the .zip of a face model".</param>
/// <param name="Fitting">The kinds that it may be.</param>
/// <param name="Remedies">What to do about a kind that it is not; for others <paramref name="Needed"/> is asked for.</param>
internal sealed record FileUse(string Needed, IReadOnlyList<FileKind> Fitting, IReadOnlyDictionary<FileKind, string> Remedies)
{
    public static readonly FileUse Weights = new(
        "weights (.pth, .pt, .safetensors, or the .zip of a face model)",
        [FileKind.TorchZip, FileKind.Pickle, FileKind.Safetensors, FileKind.TrainingCheckpoint, FileKind.FaceModel],
        new Dictionary<FileKind, string>
        {
            [FileKind.Onnx] = "A graph embeds as it is, without training: arcface import --weights FILE.onnx (EmbedFaces). A training starts from weights of a published network (r18 to r200, mbf, mbf_large): give their .pth or .safetensors file (of a model of your own: arcface export --output weights.safetensors, or ExportToSafetensors).",
            [FileKind.TorchScript] = "Save its state dictionary in Python: torch.save(torch.jit.load('program.pt').state_dict(), 'weights.pth').",
            [FileKind.CompressedTorchZip] = "Save it in Python as torch.save does, without compression: torch.save(torch.load('packed.pth'), 'weights.pth').",
            [FileKind.Zip] = "Unpack it, and give the file of weights that is in it.",
            [FileKind.MLNetModel] = "Give a model that arcface train or ArcFace made.",
            [FileKind.MxNetParameters] = "MXNet's files are not read; give the PyTorch file of the same network.",
            [FileKind.Hdf5] = "Networks of Keras and TensorFlow are not read; give weights of IResNet or MobileFaceNet from PyTorch.",
            [FileKind.Archive] = "Unpack it, and give the file of weights that is in it.",
        });

    public static readonly FileUse Recognizer = new(
        "a recognizer (.onnx), or weights of a published network (.pth, .pt, .safetensors, or the .zip of a face model)",
        [FileKind.Onnx, .. Weights.Fitting],
        new Dictionary<FileKind, string>(Weights.Remedies)
        {
            [FileKind.Zip] = "A pack of .onnx files, such as buffalo_l.zip, goes to arcface import --pack; from another archive, give the file of the recognizer that is in it.",
        });

    public static readonly FileUse Model = new(
        "the .zip of a face model, as arcface train and ml.Model.Save write it",
        [FileKind.FaceModel],
        new Dictionary<FileKind, string>
        {
            [FileKind.Onnx] = "A face detector goes to --detector (DetectFaces). A recognizer becomes a model with arcface import --weights FILE.onnx (EmbedFaces and ml.Model.Save).",
            [FileKind.TorchZip] = WeightsAlone,
            [FileKind.Safetensors] = WeightsAlone,
            [FileKind.TrainingCheckpoint] = "Let the training go on to its end, which writes the model; or start from these weights: arcface train --weights (InitialWeights), or EmbedFaces.",
            [FileKind.Pickle] = WeightsAlone,
            [FileKind.TorchScript] = WeightsAlone,
            [FileKind.Sqlite] = "A gallery goes to --gallery (CreateGalleryFor); the model is the .zip that its vectors were made with.",
            [FileKind.MLNetModel] = "Give a model that arcface train, ArcFace or EmbedFaces made; ml.Model.Load loads others.",
            [FileKind.Zip] = "Give the .zip itself that arcface train or ml.Model.Save wrote, not one that was packed anew.",
        });

    public static readonly FileUse Detector = new(
        "the .onnx file of a face detector (YuNet or SCRFD)",
        [FileKind.Onnx],
        new Dictionary<FileKind, string>
        {
            [FileKind.FaceModel] = "A model goes to --model. Give the detector as an .onnx file.",
            [FileKind.TorchZip] = "Export the detector to ONNX, or give the .onnx file that its publisher has.",
            [FileKind.TorchScript] = "Export the detector to ONNX, or give the .onnx file that its publisher has.",
            [FileKind.Zip] = "Unpack it, and give the .onnx file that is in it.",
            [FileKind.Archive] = "Unpack it, and give the .onnx file that is in it.",
        });

    public static readonly FileUse Gallery = new(
        "a gallery (a SQLite file that arcface enroll or CreateGallery made)",
        [FileKind.Sqlite],
        new Dictionary<FileKind, string>
        {
            [FileKind.FaceModel] = "A model goes to --model (FaceEmbedder); the gallery is a file of its own.",
        });

    public static readonly FileUse Records = new(
        "a RecordIO file (.rec)",
        [FileKind.RecordIO],
        new Dictionary<FileKind, string>
        {
            [FileKind.Pickle] = "Pairs in a .bin are read by LoadFromVerificationBin.",
            [FileKind.Text] = "Give the .rec file; its .idx is looked for beside it. Lists of paths are read by --list (LoadFromList).",
            [FileKind.Zip] = "Unpack it, and give the .rec file that is in it.",
            [FileKind.Archive] = "Unpack it, and give the .rec file that is in it.",
        });

    public static readonly FileUse VerificationBin = new(
        "a file of pairs (.bin)",
        [FileKind.Pickle],
        new Dictionary<FileKind, string>
        {
            [FileKind.RecordIO] = "A .rec file is read by LoadFromRecordIO.",
            [FileKind.Text] = "Lists of pairs such as pairs.txt are read by LoadPairs.",
            [FileKind.Archive] = "Unpack it, and give the .bin file that is in it.",
        });

    public static readonly FileUse List = new(
        "a list (lines of text)",
        [FileKind.Text],
        new Dictionary<FileKind, string>
        {
            [FileKind.Pickle] = "Pairs in a .bin are read by LoadFromVerificationBin.",
            [FileKind.RecordIO] = "A .rec file is read by --records (LoadFromRecordIO).",
            [FileKind.FaceModel] = "A model goes to --model.",
            [FileKind.MLNetModel] = "A model goes to --model.",
        });

    private const string WeightsAlone = "It holds weights alone: make a model of them with arcface import --weights (EmbedFaces and ml.Model.Save), or start a training from them (arcface train --weights, InitialWeights).";

    /// <summary>Remedies for files that suffered on their way, wherever they should go.</summary>
    private static readonly Dictionary<FileKind, string> Accidents = new()
    {
        [FileKind.Empty] = "Copy or download it again.",
        [FileKind.PartialZip] = "It was copied or downloaded in part, or damaged; copy it again.",
        [FileKind.Html] = "A server sent a page in place of the file; download the file itself.",
        [FileKind.GitLfsPointer] = "Fetch the file itself: git lfs pull.",
    };

    /// <summary>Says what a file is in place of what it should be, and what to do; null if its kind fits, or is not known.</summary>
    public string? Mismatch(FileNature nature) => nature.Kind == FileKind.Unknown || Fitting.Contains(nature.Kind) ? null
        : (Remedies.GetValueOrDefault(nature.Kind) ?? Accidents.GetValueOrDefault(nature.Kind)) is { } remedy ? $"It is {nature.What}, not {Needed}. {remedy}"
        : $"It is {nature.What}. Give {Needed}.";

    /// <inheritdoc cref="Mismatch(FileNature)"/>
    public string? Mismatch(string path) => FileNature.Of(path) is { } nature ? Mismatch(nature) : null;
}
