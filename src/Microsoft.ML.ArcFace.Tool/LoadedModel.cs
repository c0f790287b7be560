using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A model's .zip over folders of photographs, one folder a person.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(MLContext ml, ITransformer model, DataViewSchema inputSchema) => (Context, Model, InputSchema) = (ml, model, inputSchema);

    public MLContext Context { get; }

    public ITransformer Model { get; }

    public DataViewSchema InputSchema { get; }

    public FaceRecognitionCatalog Faces => Context.FaceRecognition();

    public static LoadedModel Load(ToolRun run, string path, int? seed = null)
    {
        MLContext ml = run.CreateContext(seed);
        ITransformer model = ml.Model.Load(path, out DataViewSchema inputSchema);
        return new LoadedModel(ml, model, inputSchema);
    }

    /// <summary>The photographs of a folder and their embeddings, which are computed as they are read.</summary>
    /// <exception cref="InvalidOperationException">The model begins with something else than paths of photographs.</exception>
    public (IDataView Photographs, IDataView Embedded) Embed(DirectoryInfo folder)
    {
        IDataView photographs = Faces.LoadFromFolder(folder.FullName);
        string[] unknown = [.. InputSchema.Where(column => photographs.Schema.GetColumnOrNull(column.Name) is null && column.Type is not KeyDataViewType).Select(column => column.Name)];
        return InputSchema.GetColumnOrNull("ImagePath") is not null
            ? (photographs, Model.Transform(photographs))
            : throw new InvalidOperationException($"The model begins with the columns {string.Join(", ", unknown)}, not with ImagePath; folders of photographs can be given to models that do, as those of arcface train.");
    }

    public void Dispose() => (Model as IDisposable)?.Dispose();
}
