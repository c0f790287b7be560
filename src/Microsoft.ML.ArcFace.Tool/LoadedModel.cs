using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A model's .zip over folders of photographs, one folder a person.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(MLContext ml, FaceRecognitionCatalog faces, ITransformer model, DataViewSchema? inputSchema) => (Context, Faces, Model, InputSchema) = (ml, faces, model, inputSchema);

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
        return new LoadedModel(ml, faces, run.Get(AlignedPhotographs.Required) ? model.RequireAlignedFaces() : model, inputSchema);
    }

    /// <summary>The photographs of a folder and their embeddings, which are computed as they are read.</summary>
    /// <exception cref="InvalidOperationException">The model does not load photographs by itself.</exception>
    public (IDataView Photographs, IDataView Embedded) Embed(ToolRun run, DirectoryInfo folder)
    {
        FaceImageLoadingTransformer loader = Model.Parts().OfType<FaceImageLoadingTransformer>().FirstOrDefault()
            ?? throw new InvalidOperationException(
                $"The model does not load photographs by itself: it begins with the columns {string.Join(", ", (InputSchema ?? Enumerable.Empty<DataViewSchema.Column>()).Select(column => column.Name))}. Give one that begins with LoadFaceImages, as those of arcface train do.");
        IDataView photographs = run.LoadFromFolder(Faces, folder);

        // A model that was trained on RecordIO takes the photographs from a column of bytes; paths will do.
        IDataView named = loader.InputColumnName == "ImagePath" ? photographs : Context.Transforms.CopyColumns(loader.InputColumnName, "ImagePath").Fit(photographs).Transform(photographs);
        return (photographs, Model.Transform(named));
    }

    public void Dispose() => (Model as IDisposable)?.Dispose();
}
