using System.Text;
using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.ArcFace;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The entry point: <c>mlContext.FaceRecognition()</c>.</summary>
public static class FaceRecognitionExtensions
{
    /// <summary>Loaders, trainers and metrics for face recognition.</summary>
    /// <param name="catalog">The ML.NET context.</param>
    public static FaceRecognitionCatalog FaceRecognition(this MLContext catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceRecognitionCatalog(catalog, ((IHostEnvironment)catalog).Observe());
    }

    /// <summary>Enters the library like <see cref="FaceRecognition(MLContext)"/>, for work that takes long: its progress is reported, and it can be stopped.</summary>
    /// <param name="catalog">The ML.NET context.</param>
    /// <param name="progress">Is told how far decoding, embedding, validating, packing and comparing have come, on the thread that works; null: nobody is.</param>
    /// <param name="cancellationToken">Stops that work with an <see cref="OperationCanceledException"/>; training also looks at its options' own token.</param>
    public static FaceRecognitionCatalog FaceRecognition(this MLContext catalog, Action<FaceProgress>? progress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceRecognitionCatalog(catalog, ((IHostEnvironment)catalog).Observe(progress, cancellationToken));
    }
}

/// <summary>Loaders, trainers and metrics for face recognition.</summary>
public sealed partial class FaceRecognitionCatalog
{
    internal const string Embedded = "photographs embedded";

    private readonly IHostEnvironment _environment;
    private readonly WorkObserver _observer;

    internal FaceRecognitionCatalog(IHostEnvironment environment, WorkObserver observer)
    {
        _environment = environment;
        _observer = observer;
        Trainers = new FaceRecognitionTrainers(environment, observer);
    }

    /// <summary>The trainers.</summary>
    public FaceRecognitionTrainers Trainers { get; }

    /// <summary>The environment, for the members that other parts add.</summary>
    internal IHostEnvironment Environment => _environment;

    /// <summary>Follows long work, for the members that other parts add.</summary>
    internal WorkObserver Observer => _observer;

    /// <summary>
    /// Lists photographs below a folder, one folder a person; they are read when needed. One warning in ML.NET's log counts
    /// what is passed over: other kinds of files, hidden ones, links to folders, people without photographs.
    /// </summary>
    /// <param name="folder">A folder with one folder of jpg, png, bmp or webp files a person, at any depth below it.</param>
    /// <returns>Rows of ImagePath, Label (the person's folder, in Unicode form NFC) and RelativePath (below <paramref name="folder"/>, with forward slashes), all text.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidOperationException">It holds no folder with photographs.</exception>
    /// <exception cref="FaceDataFormatException">Something cannot be opened: a name is not UTF-8, a path too long, a folder not this user's to read.</exception>
    public IDataView LoadFromFolder(string folder) => FaceFolder.Load(_environment, _observer, folder, UnreadableImages.Error, out _);

    /// <summary>Lists photographs as <see cref="LoadFromFolder(string)"/> does, and gives what was passed over.</summary>
    /// <param name="folder">A folder with one folder of jpg, png, bmp or webp files a person, at any depth below it.</param>
    /// <param name="unreadableImages">Whether folders and photographs that cannot be opened, by their name or their rights, are an error that names them, or are left out.</param>
    /// <param name="leftOut">What was passed over, counted by reason and ending.</param>
    /// <returns>Rows of ImagePath, Label (the person's folder, in Unicode form NFC) and RelativePath (below <paramref name="folder"/>, with forward slashes), all text.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidOperationException">It holds no folder with photographs.</exception>
    /// <exception cref="FaceDataFormatException">Something cannot be opened: a name is not UTF-8, a path too long, a folder not this user's to read.</exception>
    public IDataView LoadFromFolder(string folder, UnreadableImages unreadableImages, out IReadOnlyList<LeftOutFiles> leftOut) =>
        FaceFolder.Load(_environment, _observer, folder, unreadableImages, out leftOut);

    /// <summary>
    /// Lists photographs from a text file of paths and labels, separated by commas, semicolons or tabs, which is found out. A
    /// first line with the names "path" and "label" says which column is which; without it they are the first two. A .lst of
    /// InsightFace (1, path, number of the person) or of im2rec (number, number of the person, path) is read as well.
    /// </summary>
    /// <param name="path">The list.</param>
    /// <param name="imageFolder">Where relative paths start from; null: the folder of the list.</param>
    /// <param name="encoding">What the list is written in unless it begins with a mark (UTF-8, UTF-16); null: UTF-8.</param>
    /// <returns>Rows of ImagePath, Label (in Unicode form NFC) and RelativePath (the path as listed, with forward slashes), all text.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">A line is no path and label, or holds bytes that do not belong to the encoding; the message gives its number.</exception>
    public IDataView LoadFromList(string path, string? imageFolder = null, Encoding? encoding = null)
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        return FaceList.Load(_environment, path, imageFolder, encoding);
    }

    /// <summary>
    /// Opens a training set of InsightFace or MXNet's im2rec, a RecordIO file. Records are read when needed and can be
    /// shuffled one by one; the index takes 12 bytes a record. The .idx beside the file is used if there is one, otherwise
    /// the file is passed through once; so are <c>property</c>, which tells the number of people, and <c>identities.txt</c>
    /// with their names, a line each.
    /// </summary>
    /// <param name="path">The .rec file. With InsightFace's first record the images are the keys that it names; without it, all.</param>
    /// <param name="imageColumnName">What to call the column of encoded images, which <c>LoadFaceImages</c> decodes; the name in your pipeline.</param>
    /// <param name="encoding">What <c>identities.txt</c> is written in unless it begins with a mark; null: UTF-8.</param>
    /// <returns>
    /// Rows of ImageBytes (Vector&lt;Byte&gt;), Label (a key: class + 1, the class being the record's first label), Labels
    /// (Vector&lt;Single&gt;: all of them) and RecordKey (UInt32).
    /// </returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">The file, its .idx or its property is damaged; a damaged record shows when it is read.</exception>
    public IDataView LoadFromRecordIO(string path, string imageColumnName = "ImageBytes", Encoding? encoding = null)
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        _environment.CheckNonWhiteSpace(imageColumnName, nameof(imageColumnName));
        return RecordDataView.Load(_environment, path, imageColumnName, encoding);
    }

    /// <summary>
    /// Opens a .bin of verification pairs as InsightFace's data sets have them (lfw.bin, cfp_fp.bin, agedb_30.bin), written
    /// by Python 2 or 3 in protocol 2 to 5. The pickle is interpreted, never run; images are read when needed.
    /// </summary>
    /// <param name="path">The .bin file.</param>
    /// <param name="imageColumnName">What to call the column of encoded images, which <c>LoadFaceImages</c> decodes; the name in your pipeline.</param>
    /// <param name="folds">Folds of the protocol, 2 to the number of pairs. Default 10, or as many as there are pairs.</param>
    /// <returns>Two rows for each pair, of ImageBytes (Vector&lt;Byte&gt;) and RelativePath (text), and the pairs for <see cref="EvaluateVerification"/>.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">The file is damaged, hostile, or of another kind.</exception>
    public VerificationDataView LoadFromVerificationBin(string path, string imageColumnName = "ImageBytes", int? folds = null)
    {
        const int usualFolds = 10;
        _environment.CheckNonWhiteSpace(path, nameof(path));
        _environment.CheckNonWhiteSpace(imageColumnName, nameof(imageColumnName));
        VerificationFile file = VerificationFile.Open(path);
        int pairs = file.IsSamePerson.Length;
        using (IChannel channel = _environment.Start(nameof(LoadFromVerificationBin)))
        {
            channel.Info($"'{path}': {pairs} pairs, {file.IsSamePerson.Count(same => same)} of them of the same person.");
        }

        return folds is null || (folds >= 2 && folds <= pairs)
            ? new VerificationDataView(file, imageColumnName, folds ?? Math.Min(usualFolds, pairs))
            : throw new ArgumentOutOfRangeException(nameof(folds), folds, $"{nameof(folds)} is {folds}; it must be from 2 to the {pairs} pairs of the file.");
    }

    /// <summary>
    /// Writes photographs as a training set of InsightFace: a RecordIO file, and beside it .idx, <c>property</c> and
    /// <c>identities.txt</c> with the names. The encoded files are copied as they are, person by person.
    /// </summary>
    /// <param name="data">The photographs, of one size, as <see cref="LoadFromFolder(string)"/> lists them.</param>
    /// <param name="path">The .rec file. Existing files are replaced once the new ones are whole.</param>
    /// <param name="imageColumnName">The text column of the photographs' paths.</param>
    /// <param name="labelColumnName">The text column that says who it is.</param>
    /// <exception cref="InvalidOperationException">There are no photographs, or they are not of one size.</exception>
    /// <exception cref="FaceImageException">A photograph cannot be read.</exception>
    public void SaveAsRecordIO(IDataView data, string path, string imageColumnName = "ImagePath", string labelColumnName = "Label")
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        RecordSetWriter.Write(PictureLabels.Read(_environment, data, imageColumnName, labelColumnName), path, _observer);
    }

    /// <summary>Writes pairs with their pictures as a .bin that InsightFace's verification and <see cref="LoadFromVerificationBin"/> read.</summary>
    /// <param name="data">The pictures, as <see cref="LoadFromFolder(string)"/> lists them.</param>
    /// <param name="pairs">The pairs, by relative path; their order and folds are kept if all folds have one size.</param>
    /// <param name="path">The .bin file. An existing one is replaced once the new one is whole.</param>
    /// <param name="imageColumnName">The text column of the pictures' paths.</param>
    /// <param name="nameColumnName">The text column that the pairs name pictures by.</param>
    /// <exception cref="InvalidOperationException">A picture of a pair is not in the data.</exception>
    /// <exception cref="FaceImageException">A picture cannot be read.</exception>
    public void SaveAsVerificationBin(
        IDataView data, IReadOnlyList<FacePair> pairs, string path, string imageColumnName = "ImagePath", string nameColumnName = FaceFolder.RelativePathColumn)
    {
        _environment.CheckValue(pairs, nameof(pairs));
        _environment.CheckNonWhiteSpace(path, nameof(path));
        Dictionary<string, string> paths = PictureLabels.Read(_environment, data, imageColumnName, nameColumnName)
            .DistinctBy(picture => picture.Label).ToDictionary(picture => picture.Label, picture => picture.Path);
        VerificationFileWriter.Write(paths, PairedRows.Find(_environment, paths.Keys, pairs, nameColumnName), path, _observer);
    }

    /// <summary>Reads verification pairs in the format of LFW's pairs.txt.</summary>
    /// <param name="file">The file: folds and pairs per class, then each fold's pairs of the same person and of different people.</param>
    /// <param name="picturePattern">
    /// Composite format that makes a picture's path below the loaded folder from the person's name {0} and the picture's
    /// number {1}. Evaluation looks for pictures of this person and number under LFW's own names, too
    /// (<c>{0}/{0}_{1:0000}.jpg</c>), and with the other endings that are read: what is there decides.
    /// </param>
    /// <param name="encoding">What the file is written in unless it begins with a mark (UTF-8, UTF-16); null: UTF-8.</param>
    /// <exception cref="PairsFileException">A line is malformed, missing or surplus, or holds bytes that do not belong to the encoding.</exception>
    /// <exception cref="ArgumentException"><paramref name="picturePattern"/> does not tell all pictures apart.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public IReadOnlyList<FacePair> LoadPairs(string file, string picturePattern = PairsFile.DefaultPicturePattern, Encoding? encoding = null) =>
        FaceEvaluation.LoadPairs(file, picturePattern, encoding);

    /// <summary>
    /// Pairs every picture with every other one. If that makes more than <paramref name="maximumPairs"/>, a random sample
    /// with as many pairs of the same person as of different people. Without the sample most pairs are of different
    /// people, so that rates (TAR at FAR, EER) say more than the accuracy.
    /// </summary>
    /// <param name="data">The pictures; they are not opened.</param>
    /// <param name="labelColumnName">The text column that says who it is.</param>
    /// <param name="imageColumnName">The text column that names the picture, as it will for <see cref="EvaluateVerification"/>.</param>
    /// <param name="maximumPairs">At least 2 · <paramref name="folds"/>.</param>
    /// <param name="folds">At least 2; each gets an equal share of both kinds of pairs. People occur in several folds.</param>
    /// <param name="seed">Decides the sample and the folds.</param>
    /// <returns>The pairs, fold by fold.</returns>
    /// <exception cref="ArgumentException">The pictures give fewer pairs of one kind than there are folds, or one occurs twice.</exception>
    public IReadOnlyList<FacePair> AllPairs(
        IDataView data,
        string labelColumnName = "Label",
        string imageColumnName = FaceFolder.RelativePathColumn,
        int maximumPairs = PairSampler.DefaultMaximumPairs,
        int folds = 10,
        int seed = 0) =>
        PairSampler.AllPairs(PictureLabels.Read(_environment, data, imageColumnName, labelColumnName), maximumPairs, folds, seed);

    /// <summary>
    /// The published verification protocol: squared distances of unit-length embeddings, the threshold chosen on the
    /// other folds (docs/evaluation.md). A warning names people whom the model was trained on.
    /// </summary>
    /// <param name="data">Embeddings and the pictures' relative paths.</param>
    /// <param name="pairs">The pairs, by relative path.</param>
    /// <param name="embeddingColumnName">A column of embeddings.</param>
    /// <param name="imageColumnName">The text column that the pairs name pictures by.</param>
    /// <param name="labelColumnName">The column that says who it is, text or a key, to find people whom the model was trained on; null: Label, if there is one.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
    /// <exception cref="InvalidOperationException">
    /// Pictures of the pairs are missing or have no usable embedding, or a fold lacks one kind of pairs; the message names them.
    /// </exception>
    public VerificationMetrics EvaluateVerification(
        IDataView data, IEnumerable<FacePair> pairs, string embeddingColumnName = "Embedding", string imageColumnName = FaceFolder.RelativePathColumn, string? labelColumnName = null) =>
        ViewEvaluation.Verification(_environment, _observer.Watch(data, (embeddingColumnName, Embedded)), pairs, embeddingColumnName, imageColumnName, labelColumnName);

    /// <summary>
    /// The angles of Table 3 of the ArcFace paper: how tightly each person's photographs lie together and how far people
    /// lie apart, with histograms (docs/evaluation.md).
    /// </summary>
    /// <param name="data">Embeddings with the person they show; rows without an embedding or a label are left out.</param>
    /// <param name="model">
    /// The model that embedded them, or a chain with it, for the angles of its class centres; null: without these. A
    /// centre belongs to the label of the same name (or key, where there are no names).
    /// </param>
    /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
    /// <param name="embeddingColumnName">A column of embeddings.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    /// <exception cref="InvalidOperationException">The data show fewer than two people, or another model embedded them.</exception>
    public AngleMetrics EvaluateAngles(
        IDataView data, ITransformer? model = null, string labelColumnName = "Label", string embeddingColumnName = "Embedding") =>
        ViewEvaluation.Angles(_environment, _observer.Watch(data, (embeddingColumnName, Embedded)), model is null ? null : CentersOf(model), labelColumnName, embeddingColumnName);

    private static ClassCenter[] CentersOf(ITransformer model)
    {
        FaceEmbeddingTransformer embedding = model.FaceEmbedding();
        return [.. embedding.GetClassCenters().Select((center, index) =>
            new ClassCenter(embedding.PersonNames?[index] ?? NameColumn.NameOfKey((uint)index + 1), center))];
    }

    /// <summary>
    /// Writes the embedding of a model as an ONNX file for other programs and for ML.NET's ApplyOnnxModel. Of a model that was imported
    /// from an .onnx file it is that graph with the model's weights; of others a graph of opset 13, faces [batch, 3, 112, 112] →
    /// embeddings [batch, d], with batch norms folded into the layers beside them.
    /// </summary>
    /// <param name="model">A model with one face embedding in it, such as a fitted pipeline.</param>
    /// <param name="path">The file; an existing one is replaced once the new one is whole.</param>
    /// <param name="options">What the file takes and gives; null: the graph that was imported, else pixel values of 0 to 255 and the embeddings that the model gives.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several; or the graph is asked for that it was imported from, and it does not keep one.</exception>
    /// <exception cref="WeightsFormatException">The type of a tensor's elements in that graph does not hold the model's numbers; the message names it.</exception>
    public void ExportToOnnx(ITransformer model, string path, OnnxExportOptions? options = null)
    {
        _environment.CheckValue(model, nameof(model));
        _environment.CheckNonWhiteSpace(path, nameof(path));
        ModelExport.ToOnnx(model, path, options ?? new OnnxExportOptions());
    }

    /// <summary>
    /// Writes the weights of a model's embedding as a safetensors file under the names that InsightFace publishes, with
    /// architecture, preprocessing and the people of the training set beside them.
    /// </summary>
    /// <param name="model">A model with one face embedding in it, such as a fitted pipeline.</param>
    /// <param name="path">The file; an existing one is replaced once the new one is whole.</param>
    /// <param name="includeClassCentres">Whether the class centres [people, d] are written too, as <c>class_centers</c>.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    public void ExportToSafetensors(ITransformer model, string path, bool includeClassCentres = false)
    {
        _environment.CheckValue(model, nameof(model));
        _environment.CheckNonWhiteSpace(path, nameof(path));
        ModelExport.ToSafetensors(model, path, includeClassCentres);
    }
}
