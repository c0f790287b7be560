using System.Collections.Concurrent;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>Holds the main face of a photograph.</summary>
/// <param name="Pixels">112×112 RGB.</param>
/// <param name="Boxes">All faces of the photograph, the main one first; null: the model does not detect.</param>
/// <param name="IsAligned">Whether it came with that size; false: it was cropped and resized.</param>
internal sealed record ReadFace(byte[] Pixels, IReadOnlyList<FaceBox>? Boxes, bool IsAligned);

/// <summary>
/// What a model does to a photograph before it embeds the face: detect, align, whatever stands between loading and the
/// embedding. Loading itself is left out: photographs come decoded. Many threads may read at once, each with a row of its own.
/// </summary>
internal sealed class FacePipeline : IDisposable
{
    private readonly DataViewSchema _photographs;
    private readonly string _faceColumn;

    /// <summary>The column of the boxes of all faces; null: the model does not detect.</summary>
    private readonly string? _boxesColumn;
    private readonly IRowToRowMapper? _mapper;
    private readonly AlignmentCheck _alignment;
    private readonly ConcurrentBag<Reader> _idle = [];

    /// <param name="model">The model.</param>
    /// <param name="inputSchema">What it takes; null: not known.</param>
    /// <param name="alignment">Looks at the faces that come out.</param>
    /// <exception cref="InvalidOperationException">The model takes more than a photograph.</exception>
    public FacePipeline(ITransformer model, DataViewSchema? inputSchema, AlignmentCheck alignment)
    {
        _alignment = alignment;
        FaceEmbeddingTransformer embedding = model.FaceEmbedding();
        ITransformer[] before = [.. model.Parts().TakeWhile(part => part != embedding)];
        int loader = Array.FindLastIndex(before, part => part is FaceImageLoadingTransformer or ImageLoadingTransformer);
        ITransformer[] between = before[(loader + 1)..];
        _faceColumn = embedding.Columns.Image;
        _boxesColumn = between.OfType<IFaceBoxes>().LastOrDefault()?.BoxesColumnName;
        string photographColumn = (loader < 0 ? OnlyImageColumn(inputSchema) : LoadedColumn(before[..(loader + 1)], inputSchema)) ?? _faceColumn;
        _photographs = PhotographRow.SchemaOf(photographColumn);
        try
        {
            _mapper = between.Length == 0 ? null : ((ITransformer)new TransformerChain<ITransformer>(between)).GetRowToRowMapper(_photographs);
            FacePixelReader.Column(embedding.Host, _mapper?.OutputSchema ?? _photographs, _faceColumn);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new InvalidOperationException(
                $"The model's embedding cannot be reached from a photograph in the column '{photographColumn}' alone ({error.Message.TrimEnd('.')}). " +
                "Give a model that begins with LoadFaceImages, or with an image column, and needs nothing else, as LoadFaceImages, DetectFaces, AlignFaces and the embedding do.", error);
        }
    }

    /// <summary>Finds the main face of a photograph; null if it shows none.</summary>
    /// <param name="photograph">The photograph.</param>
    /// <param name="name">What to call it in messages.</param>
    public ReadFace? ReadFace(MLImage photograph, string name)
    {
        Reader reader = _idle.TryTake(out Reader? idle) ? idle : new Reader(this);
        try
        {
            ReadFace? face = reader.Read(photograph, name);
            _idle.Add(reader);
            return face;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Frees the rows; nobody may be reading.</summary>
    public void Dispose()
    {
        while (_idle.TryTake(out Reader? reader))
        {
            reader.Dispose();
        }
    }

    /// <summary>What the last of these adds; ML.NET's own loader does not tell, but its schema does.</summary>
    private static string? LoadedColumn(ITransformer[] parts, DataViewSchema? inputSchema) => parts[^1] is FaceImageLoadingTransformer loader
        ? loader.OutputColumnName
        : inputSchema is null ? null : parts.Aggregate(inputSchema, (schema, part) => part.GetOutputSchema(schema)).LastOrDefault(column => column.Type is ImageDataViewType).Name;

    private static string? OnlyImageColumn(DataViewSchema? schema)
    {
        DataViewSchema.Column[] images = [.. (schema ?? Enumerable.Empty<DataViewSchema.Column>()).Where(column => column.Type is ImageDataViewType)];
        return images.Length == 1 ? images[0].Name : null;
    }

    /// <summary>A row of photographs with the pipeline's columns behind it.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly PhotographRow _photograph;
        private readonly DataViewRow _row;
        private readonly FacePixelReader.Getter _getFace;
        private string _name = "";
        private bool _isAligned;
        private readonly ValueGetter<VBuffer<float>>? _getBoxes;
        private VBuffer<float> _boxes;

        public Reader(FacePipeline pipeline)
        {
            _photograph = new PhotographRow(pipeline._photographs);
            _row = pipeline._mapper is { } mapper ? mapper.GetRow(_photograph, [.. ((string?[])[pipeline._faceColumn, pipeline._boxesColumn]).OfType<string>().Select(name => mapper.OutputSchema[name])]) : _photograph;
            _getFace = FacePixelReader.Create(_row, _row.Schema[pipeline._faceColumn], (image, _) => _isAligned = pipeline._alignment.IsAligned(image, () => _name));
            _getBoxes = pipeline._boxesColumn is { } boxes ? _row.GetGetter<VBuffer<float>>(_row.Schema[boxes]) : null;
        }

        public ReadFace? Read(MLImage photograph, string name)
        {
            (_name, _isAligned) = (name, true);
            _photograph.Show(photograph);
            byte[] face = new byte[FaceTensor.ByteCount];
            return _getFace(face) ? new ReadFace(face, Boxes(), _isAligned) : null;
        }

        private FaceBox[]? Boxes()
        {
            const int numbers = 4;
            if (_getBoxes is null)
            {
                return null;
            }

            _getBoxes(ref _boxes);
            return [.. _boxes.DenseValues().Chunk(numbers).Select(box => new FaceBox(box[0], box[1], box[2], box[3]))];
        }

        public void Dispose() => _row.Dispose();
    }
}
