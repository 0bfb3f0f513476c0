// The records' layout on aarch64, from the headers of Linux 6.1.
// Written by v4l2-bindings/regenerate with bindgen 0.73.2; not to be edited.

layout! {
    timeval: 16, 8 {
        tv_sec: 0,
        tv_usec: 8,
    }
    timespec: 16, 8 {
        tv_sec: 0,
        tv_nsec: 8,
    }
    v4l2_edid: 40, 8 {
        pad: 0,
        start_block: 4,
        blocks: 8,
        reserved: 12,
        edid: 32,
    }
    v4l2_ctrl_h264_sps: 1048, 4 {
    }
    v4l2_ctrl_h264_pps: 12, 2 {
    }
    v4l2_ctrl_h264_scaling_matrix: 480, 1 {
    }
    v4l2_ctrl_h264_pred_weights: 772, 2 {
    }
    v4l2_ctrl_h264_slice_params: 152, 4 {
    }
    v4l2_ctrl_h264_decode_params: 560, 8 {
    }
    v4l2_ctrl_fwht_params: 40, 8 {
    }
    v4l2_ctrl_vp8_frame: 1232, 8 {
    }
    v4l2_ctrl_mpeg2_sequence: 12, 4 {
    }
    v4l2_ctrl_mpeg2_picture: 32, 8 {
    }
    v4l2_ctrl_mpeg2_quantisation: 256, 1 {
    }
    v4l2_ctrl_hevc_sps: 40, 8 {
    }
    v4l2_ctrl_hevc_pps: 64, 8 {
    }
    v4l2_ctrl_hevc_slice_params: 280, 8 {
    }
    v4l2_ctrl_hevc_decode_params: 328, 8 {
    }
    v4l2_ctrl_hevc_scaling_matrix: 1000, 1 {
    }
    v4l2_ctrl_hdr10_cll_info: 4, 2 {
        max_content_light_level: 0,
        max_pic_average_light_level: 2,
    }
    v4l2_ctrl_hdr10_mastering_display: 24, 4 {
        display_primaries_x: 0,
        display_primaries_y: 6,
        white_point_x: 12,
        white_point_y: 14,
        max_display_mastering_luminance: 16,
        min_display_mastering_luminance: 20,
    }
    v4l2_ctrl_vp9_frame: 168, 8 {
    }
    v4l2_ctrl_vp9_compressed_hdr: 2040, 1 {
    }
    v4l2_rect: 16, 4 {
        left: 0,
        top: 4,
        width: 8,
        height: 12,
    }
    v4l2_fract: 8, 4 {
        numerator: 0,
        denominator: 4,
    }
    v4l2_area: 8, 4 {
        width: 0,
        height: 4,
    }
    v4l2_capability: 104, 4 {
        driver: 0,
        card: 16,
        bus_info: 48,
        version: 80,
        capabilities: 84,
        device_caps: 88,
        reserved: 92,
    }
    v4l2_pix_format__bindgen_ty_1: 4, 4 {
        ycbcr_enc: 0,
        hsv_enc: 0,
    }
    v4l2_pix_format: 48, 4 {
        width: 0,
        height: 4,
        pixelformat: 8,
        field: 12,
        bytesperline: 16,
        sizeimage: 20,
        colorspace: 24,
        priv_: 28,
        flags: 32,
        quantization: 40,
        xfer_func: 44,
    }
    v4l2_fmtdesc: 64, 4 {
        index: 0,
        type_: 4,
        flags: 8,
        description: 12,
        pixelformat: 44,
        mbus_code: 48,
        reserved: 52,
    }
    v4l2_frmsize_discrete: 8, 4 {
        width: 0,
        height: 4,
    }
    v4l2_frmsize_stepwise: 24, 4 {
        min_width: 0,
        max_width: 4,
        step_width: 8,
        min_height: 12,
        max_height: 16,
        step_height: 20,
    }
    v4l2_frmsizeenum__bindgen_ty_1: 24, 4 {
        discrete: 0,
        stepwise: 0,
    }
    v4l2_frmsizeenum: 44, 4 {
        index: 0,
        pixel_format: 4,
        type_: 8,
        reserved: 36,
    }
    v4l2_frmival_stepwise: 24, 4 {
        min: 0,
        max: 8,
        step: 16,
    }
    v4l2_frmivalenum__bindgen_ty_1: 24, 4 {
        discrete: 0,
        stepwise: 0,
    }
    v4l2_frmivalenum: 52, 4 {
        index: 0,
        pixel_format: 4,
        width: 8,
        height: 12,
        type_: 16,
        reserved: 44,
    }
    v4l2_timecode: 16, 4 {
        type_: 0,
        flags: 4,
        frames: 8,
        seconds: 9,
        minutes: 10,
        hours: 11,
        userbits: 12,
    }
    v4l2_jpegcompression: 140, 4 {
        quality: 0,
        APPn: 4,
        APP_len: 8,
        APP_data: 12,
        COM_len: 72,
        COM_data: 76,
        jpeg_markers: 136,
    }
    v4l2_requestbuffers: 20, 4 {
        count: 0,
        type_: 4,
        memory: 8,
        capabilities: 12,
        flags: 16,
        reserved: 17,
    }
    v4l2_plane__bindgen_ty_1: 8, 8 {
        mem_offset: 0,
        userptr: 0,
        fd: 0,
    }
    v4l2_plane: 64, 8 {
        bytesused: 0,
        length: 4,
        m: 8,
        data_offset: 16,
        reserved: 20,
    }
    v4l2_buffer__bindgen_ty_1: 8, 8 {
        offset: 0,
        userptr: 0,
        planes: 0,
        fd: 0,
    }
    v4l2_buffer__bindgen_ty_2: 4, 4 {
        request_fd: 0,
        reserved: 0,
    }
    v4l2_buffer: 88, 8 {
        index: 0,
        type_: 4,
        bytesused: 8,
        flags: 12,
        field: 16,
        timestamp: 24,
        timecode: 40,
        sequence: 56,
        memory: 60,
        m: 64,
        length: 72,
        reserved2: 76,
    }
    v4l2_exportbuffer: 64, 4 {
        type_: 0,
        index: 4,
        plane: 8,
        flags: 12,
        fd: 16,
        reserved: 20,
    }
    v4l2_framebuffer__bindgen_ty_1: 32, 4 {
        width: 0,
        height: 4,
        pixelformat: 8,
        field: 12,
        bytesperline: 16,
        sizeimage: 20,
        colorspace: 24,
        priv_: 28,
    }
    v4l2_framebuffer: 48, 8 {
        capability: 0,
        flags: 4,
        base: 8,
        fmt: 16,
    }
    v4l2_clip: 24, 8 {
        c: 0,
        next: 16,
    }
    v4l2_window: 56, 8 {
        w: 0,
        field: 16,
        chromakey: 20,
        clips: 24,
        clipcount: 32,
        bitmap: 40,
        global_alpha: 48,
    }
    v4l2_captureparm: 40, 4 {
        capability: 0,
        capturemode: 4,
        timeperframe: 8,
        extendedmode: 16,
        readbuffers: 20,
        reserved: 24,
    }
    v4l2_outputparm: 40, 4 {
        capability: 0,
        outputmode: 4,
        timeperframe: 8,
        extendedmode: 16,
        writebuffers: 20,
        reserved: 24,
    }
    v4l2_cropcap: 44, 4 {
        type_: 0,
        bounds: 4,
        defrect: 20,
        pixelaspect: 36,
    }
    v4l2_crop: 20, 4 {
        type_: 0,
        c: 4,
    }
    v4l2_selection: 64, 4 {
        type_: 0,
        target: 4,
        flags: 8,
        r: 12,
        reserved: 28,
    }
    v4l2_standard: 72, 8 {
        index: 0,
        id: 8,
        name: 16,
        frameperiod: 40,
        framelines: 48,
        reserved: 52,
    }
    v4l2_bt_timings: 124, 1 {
        width: 0,
        height: 4,
        interlaced: 8,
        polarities: 12,
        pixelclock: 16,
        hfrontporch: 24,
        hsync: 28,
        hbackporch: 32,
        vfrontporch: 36,
        vsync: 40,
        vbackporch: 44,
        il_vfrontporch: 48,
        il_vsync: 52,
        il_vbackporch: 56,
        standards: 60,
        flags: 64,
        picture_aspect: 68,
        cea861_vic: 76,
        hdmi_vic: 77,
        reserved: 78,
    }
    v4l2_dv_timings__bindgen_ty_1: 128, 4 {
        bt: 0,
        reserved: 0,
    }
    v4l2_dv_timings: 132, 1 {
        type_: 0,
    }
    v4l2_enum_dv_timings: 148, 4 {
        index: 0,
        pad: 4,
        reserved: 8,
        timings: 16,
    }
    v4l2_bt_timings_cap: 104, 1 {
        min_width: 0,
        max_width: 4,
        min_height: 8,
        max_height: 12,
        min_pixelclock: 16,
        max_pixelclock: 24,
        standards: 32,
        capabilities: 36,
        reserved: 40,
    }
    v4l2_dv_timings_cap__bindgen_ty_1: 128, 4 {
        bt: 0,
        raw_data: 0,
    }
    v4l2_dv_timings_cap: 144, 4 {
        type_: 0,
        pad: 4,
        reserved: 8,
    }
    v4l2_input: 80, 8 {
        index: 0,
        name: 4,
        type_: 36,
        audioset: 40,
        tuner: 44,
        std: 48,
        status: 56,
        capabilities: 60,
        reserved: 64,
    }
    v4l2_output: 72, 8 {
        index: 0,
        name: 4,
        type_: 36,
        audioset: 40,
        modulator: 44,
        std: 48,
        capabilities: 56,
        reserved: 60,
    }
    v4l2_control: 8, 4 {
        id: 0,
        value: 4,
    }
    v4l2_ext_control__bindgen_ty_1: 8, 8 {
        value: 0,
        value64: 0,
        string: 0,
        p_u8: 0,
        p_u16: 0,
        p_u32: 0,
        p_area: 0,
        p_h264_sps: 0,
        p_h264_pps: 0,
        p_h264_scaling_matrix: 0,
        p_h264_pred_weights: 0,
        p_h264_slice_params: 0,
        p_h264_decode_params: 0,
        p_fwht_params: 0,
        p_vp8_frame: 0,
        p_mpeg2_sequence: 0,
        p_mpeg2_picture: 0,
        p_mpeg2_quantisation: 0,
        p_vp9_compressed_hdr_probs: 0,
        p_vp9_frame: 0,
        p_hevc_sps: 0,
        p_hevc_pps: 0,
        p_hevc_slice_params: 0,
        p_hevc_scaling_matrix: 0,
        p_hevc_decode_params: 0,
        ptr: 0,
    }
    v4l2_ext_control: 20, 1 {
        id: 0,
        size: 4,
        reserved2: 8,
    }
    v4l2_ext_controls__bindgen_ty_1: 4, 4 {
        ctrl_class: 0,
        which: 0,
    }
    v4l2_ext_controls: 32, 8 {
        count: 4,
        error_idx: 8,
        request_fd: 12,
        reserved: 16,
        controls: 24,
    }
    v4l2_queryctrl: 68, 4 {
        id: 0,
        type_: 4,
        name: 8,
        minimum: 40,
        maximum: 44,
        step: 48,
        default_value: 52,
        flags: 56,
        reserved: 60,
    }
    v4l2_query_ext_ctrl: 232, 8 {
        id: 0,
        type_: 4,
        name: 8,
        minimum: 40,
        maximum: 48,
        step: 56,
        default_value: 64,
        flags: 72,
        elem_size: 76,
        elems: 80,
        nr_of_dims: 84,
        dims: 88,
        reserved: 104,
    }
    v4l2_querymenu__bindgen_ty_1: 32, 8 {
        name: 0,
        value: 0,
    }
    v4l2_querymenu: 44, 1 {
        id: 0,
        index: 4,
        reserved: 40,
    }
    v4l2_tuner: 84, 4 {
        index: 0,
        name: 4,
        type_: 36,
        capability: 40,
        rangelow: 44,
        rangehigh: 48,
        rxsubchans: 52,
        audmode: 56,
        signal: 60,
        afc: 64,
        reserved: 68,
    }
    v4l2_modulator: 68, 4 {
        index: 0,
        name: 4,
        capability: 36,
        rangelow: 40,
        rangehigh: 44,
        txsubchans: 48,
        type_: 52,
        reserved: 56,
    }
    v4l2_frequency: 44, 4 {
        tuner: 0,
        type_: 4,
        frequency: 8,
        reserved: 12,
    }
    v4l2_frequency_band: 64, 4 {
        tuner: 0,
        type_: 4,
        index: 8,
        capability: 12,
        rangelow: 16,
        rangehigh: 20,
        modulation: 24,
        reserved: 28,
    }
    v4l2_hw_freq_seek: 48, 4 {
        tuner: 0,
        type_: 4,
        seek_upward: 8,
        wrap_around: 12,
        spacing: 16,
        rangelow: 20,
        rangehigh: 24,
        reserved: 28,
    }
    v4l2_rds_data: 3, 1 {
        lsb: 0,
        msb: 1,
        block: 2,
    }
    v4l2_audio: 52, 4 {
        index: 0,
        name: 4,
        capability: 36,
        mode: 40,
        reserved: 44,
    }
    v4l2_audioout: 52, 4 {
        index: 0,
        name: 4,
        capability: 36,
        mode: 40,
        reserved: 44,
    }
    v4l2_enc_idx_entry: 32, 8 {
        offset: 0,
        pts: 8,
        length: 16,
        flags: 20,
        reserved: 24,
    }
    v4l2_enc_idx: 2072, 8 {
        entries: 0,
        entries_cap: 4,
        reserved: 8,
        entry: 24,
    }
    v4l2_encoder_cmd__bindgen_ty_1__bindgen_ty_1: 32, 4 {
        data: 0,
    }
    v4l2_encoder_cmd__bindgen_ty_1: 32, 4 {
        raw: 0,
    }
    v4l2_encoder_cmd: 40, 4 {
        cmd: 0,
        flags: 4,
    }
    v4l2_decoder_cmd__bindgen_ty_1__bindgen_ty_1: 8, 8 {
        pts: 0,
    }
    v4l2_decoder_cmd__bindgen_ty_1__bindgen_ty_2: 8, 4 {
        speed: 0,
        format: 4,
    }
    v4l2_decoder_cmd__bindgen_ty_1__bindgen_ty_3: 64, 4 {
        data: 0,
    }
    v4l2_decoder_cmd__bindgen_ty_1: 64, 8 {
        stop: 0,
        start: 0,
        raw: 0,
    }
    v4l2_decoder_cmd: 72, 8 {
        cmd: 0,
        flags: 4,
    }
    v4l2_vbi_format: 44, 4 {
        sampling_rate: 0,
        offset: 4,
        samples_per_line: 8,
        sample_format: 12,
        start: 16,
        count: 24,
        flags: 32,
        reserved: 36,
    }
    v4l2_sliced_vbi_format: 112, 4 {
        service_set: 0,
        service_lines: 2,
        io_size: 100,
        reserved: 104,
    }
    v4l2_sliced_vbi_cap: 116, 4 {
        service_set: 0,
        service_lines: 2,
        type_: 100,
        reserved: 104,
    }
    v4l2_sliced_vbi_data: 64, 4 {
        id: 0,
        field: 4,
        line: 8,
        reserved: 12,
        data: 16,
    }
    v4l2_plane_pix_format: 20, 1 {
        sizeimage: 0,
        bytesperline: 4,
        reserved: 8,
    }
    v4l2_pix_format_mplane__bindgen_ty_1: 1, 1 {
        ycbcr_enc: 0,
        hsv_enc: 0,
    }
    v4l2_pix_format_mplane: 192, 1 {
        width: 0,
        height: 4,
        pixelformat: 8,
        field: 12,
        colorspace: 16,
        plane_fmt: 20,
        num_planes: 180,
        flags: 181,
        quantization: 183,
        xfer_func: 184,
        reserved: 185,
    }
    v4l2_sdr_format: 32, 1 {
        pixelformat: 0,
        buffersize: 4,
        reserved: 8,
    }
    v4l2_meta_format: 8, 1 {
        dataformat: 0,
        buffersize: 4,
    }
    v4l2_format__bindgen_ty_1: 200, 8 {
        pix: 0,
        pix_mp: 0,
        win: 0,
        vbi: 0,
        sliced: 0,
        sdr: 0,
        meta: 0,
        raw_data: 0,
    }
    v4l2_format: 208, 8 {
        type_: 0,
        fmt: 8,
    }
    v4l2_streamparm__bindgen_ty_1: 200, 4 {
        capture: 0,
        output: 0,
        raw_data: 0,
    }
    v4l2_streamparm: 204, 4 {
        type_: 0,
        parm: 4,
    }
    v4l2_event_vsync: 1, 1 {
        field: 0,
    }
    v4l2_event_ctrl__bindgen_ty_1: 8, 8 {
        value: 0,
        value64: 0,
    }
    v4l2_event_ctrl: 40, 8 {
        changes: 0,
        type_: 4,
        flags: 16,
        minimum: 20,
        maximum: 24,
        step: 28,
        default_value: 32,
    }
    v4l2_event_frame_sync: 4, 4 {
        frame_sequence: 0,
    }
    v4l2_event_src_change: 4, 4 {
        changes: 0,
    }
    v4l2_event_motion_det: 12, 4 {
        flags: 0,
        frame_sequence: 4,
        region_mask: 8,
    }
    v4l2_event__bindgen_ty_1: 64, 8 {
        vsync: 0,
        ctrl: 0,
        frame_sync: 0,
        src_change: 0,
        motion_det: 0,
        data: 0,
    }
    v4l2_event: 136, 8 {
        type_: 0,
        u: 8,
        pending: 72,
        sequence: 76,
        timestamp: 80,
        id: 96,
        reserved: 100,
    }
    v4l2_event_subscription: 32, 4 {
        type_: 0,
        id: 4,
        flags: 8,
        reserved: 12,
    }
    v4l2_dbg_match__bindgen_ty_1: 32, 4 {
        addr: 0,
        name: 0,
    }
    v4l2_dbg_match: 36, 1 {
        type_: 0,
    }
    v4l2_dbg_register: 56, 1 {
        match_: 0,
        size: 36,
        reg: 40,
        val: 48,
    }
    v4l2_dbg_chip_info: 200, 1 {
        match_: 0,
        name: 36,
        flags: 68,
        reserved: 72,
    }
    v4l2_create_buffers: 256, 8 {
        index: 0,
        count: 4,
        memory: 8,
        format: 16,
        capabilities: 224,
        flags: 228,
        reserved: 232,
    }
}
