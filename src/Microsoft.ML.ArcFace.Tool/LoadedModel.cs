using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A model's .zip over folders of photographs, one folder a person.</summary>
internal sealed class LoadedModel : IDisposable
{
    /// <summary>The model as it was loaded, of which <see cref="Model"/> may be a copy.</summary>
    private readonly ITransformer _loaded;

    private LoadedModel(MLContext ml, FaceRecognitionCatalog faces, ITransformer loaded, ITransformer model, DataViewSchema? inputSchema) =>
        (Context, Faces, _loaded, Model, InputSchema) = (ml, faces, loaded, model, inputSchema);

    public MLContext Context { get; }

    public ITransformer Model { get; }

    public DataViewSchema? InputSchema { get; }

    /// <summary>Photographs so far that were no aligned faces.</summary>
    public long NotAligned => Model.FaceEmbedding().UnalignedImageCount;

    public FaceRecognitionCatalog Faces { get; }

    public static LoadedModel Load(ToolRun run, string path, int? seed = null)
    {
        MLContext ml = run.CreateContext(seed);
        FaceRecognitionCatalog faces = run.FaceRecognition(ml);
        using WorkMeter meter = run.Begin("models loaded", total: 1);
        ITransformer model = faces.LoadModel(path, out DataViewSchema? inputSchema);
        meter.Advance();
        return new LoadedModel(ml, faces, model, run.Get(AlignedPhotographs.Required) ? model.RequireAlignedFaces() : model, inputSchema);
    }

    /// <summary>The photographs of a folder and their embeddings, which are computed as they are read.</summary>
    /// <param name="run">The command.</param>
    /// <param name="folder">One folder a person.</param>
    /// <param name="skipUnusable">Whether photographs that cannot be read or show no face are left out; else they are an error when they are come to.</param>
    /// <exception cref="InvalidOperationException">The model does not load photographs by itself.</exception>
    public (UsablePhotographs Photographs, IDataView Embedded) Embed(ToolRun run, DirectoryInfo folder, bool skipUnusable)
    {
        FaceImageLoadingTransformer loader = Model.Parts().OfType<FaceImageLoadingTransformer>().FirstOrDefault()
            ?? throw new InvalidOperationException(
                $"The model does not load photographs by itself: it begins with the columns {string.Join(", ", (InputSchema ?? Enumerable.Empty<DataViewSchema.Column>()).Select(column => column.Name))}. Give one that begins with LoadFaceImages, as those of arcface train do.");
        IDataView all = Named(run.LoadFromFolder(Faces, folder, skipUnusable), loader.InputColumnName);
        if (!skipUnusable)
        {
            return (UsablePhotographs.All(all), Model.Transform(all));
        }

        ITransformer[] preparation = [.. Model.Parts().TakeWhile(part => part is not FaceEmbeddingTransformer).Select(part => part is FaceImageLoadingTransformer first ? first.SkippingUnreadable() : part)];
        var usable = UsablePhotographs.Find(run, all, new TransformerChain<ITransformer>(preparation), Model.FaceEmbedding().Columns.Image);
        return (usable, Model.Transform(Named(usable.Rows, loader.InputColumnName)));
    }

    public void Dispose()
    {
        (Model as IDisposable)?.Dispose();
        (_loaded as IDisposable)?.Dispose();
    }

    /// <summary>Adds the column that the model takes: one that was trained on RecordIO takes the photographs from a column of bytes; paths will do.</summary>
    private IDataView Named(IDataView photographs, string name) =>
        photographs.Schema.GetColumnOrNull(name) is not null ? photographs : Context.Transforms.CopyColumns(name, "ImagePath").Fit(photographs).Transform(photographs);
}
