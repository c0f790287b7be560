using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A model's .zip over folders of photographs, one folder a person.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(MLContext ml, ITransformer model, DataViewSchema inputSchema) => (Context, Model, InputSchema) = (ml, model, inputSchema);

    public MLContext Context { get; }

    public ITransformer Model { get; }

    public DataViewSchema InputSchema { get; }

    /// <summary>Photographs so far that were no aligned faces.</summary>
    public long NotAligned => Model.FaceEmbedding().UnalignedImageCount;

    public FaceRecognitionCatalog Faces => Context.FaceRecognition();

    public static LoadedModel Load(ToolRun run, string path, int? seed = null)
    {
        MLContext ml = run.CreateContext(seed);
        ITransformer model = ml.Model.Load(path, out DataViewSchema inputSchema);
        return new LoadedModel(ml, run.Get(AlignedPhotographs.Required) ? model.RequireAlignedFaces() : model, inputSchema);
    }

    /// <summary>The photographs of a folder and their embeddings, which are computed as they are read.</summary>
    /// <exception cref="InvalidOperationException">The model does not load photographs by itself.</exception>
    public (IDataView Photographs, IDataView Embedded) Embed(DirectoryInfo folder)
    {
        FaceImageLoadingTransformer loader = Model.Parts().OfType<FaceImageLoadingTransformer>().FirstOrDefault()
            ?? throw new InvalidOperationException(
                $"The model does not load photographs by itself: it begins with the columns {string.Join(", ", InputSchema.Select(column => column.Name))}. Give one that begins with LoadFaceImages, as those of arcface train do.");
        IDataView photographs = Faces.LoadFromFolder(folder.FullName);

        // A model that was trained on RecordIO takes the photographs from a column of bytes; paths will do.
        IDataView named = loader.InputColumnName == "ImagePath" ? photographs : Context.Transforms.CopyColumns(loader.InputColumnName, "ImagePath").Fit(photographs).Transform(photographs);
        return (photographs, Model.Transform(named));
    }

    public void Dispose() => (Model as IDisposable)?.Dispose();
}
