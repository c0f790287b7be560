using BitMiracle.LibJpeg.Classic;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>JPEGs of the kinds that SkiaSharp does not write, with noise in them so that each block has codes of many lengths.</summary>
internal static class EncodedJpegs
{
    /// <summary>Every kind that cameras, programs and web sites write.</summary>
    public static IEnumerable<(string Kind, byte[] File)> AllKinds(int width, int height)
    {
        foreach (bool progressive in new[] { false, true })
        {
            foreach (int restart in new[] { 0, 3 })
            {
                string suffix = (progressive ? ", progressive" : "") + (restart > 0 ? ", restarts" : "");
                yield return ("4:4:4" + suffix, Encode(width, height, 3, (1, 1), progressive, restart));
                yield return ("4:2:0" + suffix, Encode(width, height, 3, (2, 2), progressive, restart));
                yield return ("4:2:2" + suffix, Encode(width, height, 3, (2, 1), progressive, restart));
                yield return ("4:4:0" + suffix, Encode(width, height, 3, (1, 2), progressive, restart));
                yield return ("gray" + suffix, Encode(width, height, 1, (1, 1), progressive, restart));
                yield return ("CMYK" + suffix, Encode(width, height, 4, (1, 1), progressive, restart));
            }
        }
    }

    /// <summary>A picture of shapes and noise.</summary>
    /// <param name="width">Pixels beside each other.</param>
    /// <param name="height">Pixels above each other.</param>
    /// <param name="components">1 for gray, 3 for color, 4 for ink.</param>
    /// <param name="sampling">How much finer the first component is than the others, across and down.</param>
    /// <param name="progressive">Whether it becomes sharper scan by scan.</param>
    /// <param name="restart">Units between restarts; 0: none.</param>
    public static byte[] Encode(int width, int height, int components, (int Horizontal, int Vertical) sampling, bool progressive, int restart)
    {
        using var stream = new MemoryStream();
        var jpeg = new jpeg_compress_struct
        {
            Image_width = width,
            Image_height = height,
            Input_components = components,
            In_color_space = components switch { 1 => J_COLOR_SPACE.JCS_GRAYSCALE, 3 => J_COLOR_SPACE.JCS_RGB, _ => J_COLOR_SPACE.JCS_CMYK },
        };
        jpeg.jpeg_set_defaults();
        jpeg.jpeg_set_quality(85, true);
        (jpeg.Component_info[0].H_samp_factor, jpeg.Component_info[0].V_samp_factor) = sampling;
        jpeg.do_fancy_downsampling = false;
        jpeg.Restart_interval = restart;
        if (progressive)
        {
            jpeg.jpeg_simple_progression();
        }

        jpeg.jpeg_stdio_dest(stream);
        jpeg.jpeg_start_compress(true);
        var random = new Random(7);
        for (int y = 0; y < height; y++)
        {
            byte[] row = new byte[width * components];
            for (int i = 0; i < row.Length; i++)
            {
                int shape = ((i / components / 9) + (y / 7)) % 3 * 60;
                row[i] = (byte)(shape + (i % components * 20) + random.Next(40));
            }

            jpeg.jpeg_write_scanlines([row], 1);
        }

        jpeg.jpeg_finish_compress();
        return stream.ToArray();
    }
}
